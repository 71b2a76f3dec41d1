//! What a start finds wrong.

use std::{net::TcpListener, sync::Arc};

use super::watch::Watch;
use crate::{
    Runtime, StartProblem, Subscription,
    config::{Component, Config, Exporter, Receiver, Sampler},
};

#[test]
fn every_problem_of_every_exporter_is_told_and_nothing_is_started() {
    let watch = Arc::new(Watch::default());
    let mut config = Config { sampler: Sampler::ParentBased { ratio: 0.5 }, ..Config::default() };
    config.receivers.otlp_http = Some(Receiver { listen: ([127, 0, 0, 1], 0).into(), ..Receiver::otlp_http() });
    config.exporters.insert("a".into(), Exporter::new(Component::Builtin("nothing".into())));
    config.exporters.insert("b".into(), Exporter::new(Component::File("no/such.wasm".into())));
    config.exporters.insert("c".into(), Exporter::new(Component::Builtin("text".into())));
    let error = Runtime::builder()
        .config(config)
        .builtin("text", "this is no component")
        .exporter("a", watch.clone(), Subscription::spans())
        .start()
        .expect_err("everything is wrong");
    let told: Vec<String> = error.problems().iter().map(ToString::to_string).collect();
    for part in
        ["sampler.kind: ", "exporters.a: cannot read", "no/such.wasm", "exporters.c: not a WebAssembly", "is taken"]
    {
        assert!(told.iter().any(|line| line.contains(part)), "{part} is missing in {told:#?}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    let mut config = Config::default();
    config.receivers.otlp_grpc = Some(Receiver { listen: address, ..Receiver::otlp_grpc() });
    let error = Runtime::builder().config(config).start().expect_err("the port is taken");
    assert!(matches!(error.problems(), [StartProblem::Bind(_)]), "{error}");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}
