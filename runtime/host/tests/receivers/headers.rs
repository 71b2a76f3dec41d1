//! Headers that travel with a request, and those that do not.

use http::StatusCode;

use crate::{
    client::{Http1, PROTOBUF},
    fake::Running,
    samples,
};

#[tokio::test]
async fn i33_baggage_is_neither_kept_nor_in_the_way() {
    let running = Running::http(|config| config.metadata = vec!["x-tenant".to_owned()]).await;
    let mut client = Http1::connect(running.address).await;
    let large = (0..500).map(|number| format!("key{number}=a%20value")).collect::<Vec<_>>().join(",");
    assert!(large.len() > 8 << 10);
    let reply = client.post("/v1/traces", &[PROTOBUF, ("baggage", &large)], samples::good()).await;
    assert_eq!(reply.status, StatusCode::OK);
    let taken = running.consumer.taken.lock().unwrap().remove(0);
    assert_eq!((taken.1.otlp(), taken.2.len()), (samples::good().into(), 0));
    // Who has it carried along has it bounded like any other header.
    let running = Running::http(|config| config.metadata = vec!["baggage".to_owned()]).await;
    let mut client = Http1::connect(running.address).await;
    let reply = client.post("/v1/traces", &[PROTOBUF, ("baggage", &large)], samples::good()).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text().contains("header baggage has"), "{}", reply.text());
    client.still_works().await;
}
