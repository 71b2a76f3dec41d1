//! Runtimes that heed the variables `OTEL_*`. No variable of this process is touched: they come from a map.

use std::{collections::BTreeMap, sync::Arc};

use spangate_core::context::{SpanContext, TraceFlags};

use super::watch::{DEADLINE, Watch};
use crate::{
    Runtime, StartProblem, Subscription,
    config::{Environment, Sampler},
};

fn environment(variables: &[(&str, &str)]) -> Environment {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment::read_from(|name| variables.get(name).cloned())
}

#[test]
fn a_disabled_runtime_records_nothing_and_does_everything_else() {
    let watch = Arc::new(Watch::default());
    let runtime = Runtime::builder()
        .environment(environment(&[("OTEL_SDK_DISABLED", "TRUE")]))
        .exporter("watch", watch.clone(), Subscription::spans())
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    let parent = SpanContext { trace_flags: TraceFlags::SAMPLED, is_remote: true, ..SpanContext::default() };
    let span = runtime.tracer("shop").span("one").child_of_context(&parent).start();
    assert!(!span.is_recording());
    drop(span);
    let status = runtime.status();
    assert!(status.runtime.disabled && status.runtime.ready);
    assert_eq!((status.intake.recorded, status.exporters.len()), (0, 1));
    assert!(runtime.metrics().contains("spangate_disabled{} 1"), "{}", runtime.metrics());
    let report = runtime.shutdown(DEADLINE);
    assert_eq!(report.to_string(), "there was nothing to deliver\n  watch: 0 of 0 delivered");
    assert!(report.is_complete && watch.names().is_empty());
}

#[test]
fn every_wrong_variable_is_told_beside_every_mistake_of_the_configuration() {
    let builder = Runtime::from_toml("[sampler]\nkind = \"sometimes\"\n");
    let wrong = [("OTEL_TRACES_SAMPLER", "maybe"), ("OTEL_BSP_SCHEDULE_DELAY", "5s"), ("OTEL_SDK_DISABLED", "1")];
    let error = builder.environment(environment(&wrong)).start().expect_err("four mistakes");
    assert_eq!(error.problems().len(), 4, "{error}");
    let told = error.to_string();
    for part in [
        "<text>:2:8",
        "expected true or false, found \"1\"",
        "= key: OTEL_TRACES_SAMPLER",
        "\"maybe\" is no sampler that is known here",
        "expected a whole number of milliseconds, found \"5s\"",
        "= allowed: 0 to 3600000",
        "= help: leave the unit out",
        "--> environment",
        "4 errors",
    ] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
}

#[test]
fn a_program_may_start_all_the_same_without_the_wrong_variables() {
    let mut environment = environment(&[("OTEL_TRACES_SAMPLER", "maybe"), ("OTEL_SERVICE_NAME", "shop")]);
    assert_eq!(std::mem::take(&mut environment.problems).len(), 1);
    assert_eq!((environment.sampler, environment.resource.len()), (None, 1));
    assert!(Runtime::builder().environment(environment).start().is_ok());
}

#[test]
fn a_sampler_that_does_not_fit_receivers_is_told_where_it_was_chosen() {
    let text = "[receivers.otlp_http]\nlisten = \"127.0.0.1:0\"\n";
    let watch = || Runtime::from_toml(text).exporter("watch", Arc::new(Watch::default()), Subscription::spans());
    let variables = [("OTEL_TRACES_SAMPLER", "parentbased_always_on")];
    let error = watch().environment(environment(&variables)).start().expect_err("received spans have no parents");
    assert!(matches!(error.problems(), [StartProblem::Sampler { place: "OTEL_TRACES_SAMPLER", .. }]), "{error}");
    assert!(error.to_string().contains("--> environment\n = key: OTEL_TRACES_SAMPLER"), "{error}");
    let error = watch().sampler(Sampler::ParentBased { ratio: 1.0 }).start().expect_err("nor here").to_string();
    assert!(error.contains("--> code\n = key: RuntimeBuilder::sampler"), "{error}");
}

#[test]
fn exactly_the_documented_variables_are_asked_for() {
    let asked = std::cell::RefCell::new(Vec::new());
    let _ = Environment::read_from(|name| {
        asked.borrow_mut().push(name.to_owned());
        None
    });
    let mut asked = asked.into_inner();
    asked.sort();
    let expected = [
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_BSP_EXPORT_TIMEOUT",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_RESOURCE_ATTRIBUTES",
        "OTEL_SDK_DISABLED",
        "OTEL_SERVICE_NAME",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_EVENT_COUNT_LIMIT",
        "OTEL_SPAN_LINK_COUNT_LIMIT",
        "OTEL_TRACES_SAMPLER",
        "OTEL_TRACES_SAMPLER_ARG",
    ];
    assert_eq!(asked, expected);
}
