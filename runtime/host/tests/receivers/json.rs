use http::StatusCode;
use opentelemetry_proto::tonic::collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest};
use prost::Message;

use crate::{
    client::{GZIP, Http1, JSON, PROTOBUF},
    fake::Running,
    samples::{self, gzip},
};

/// JSON as another implementation writes it.
fn json(request: &impl serde::Serialize) -> String {
    serde_json::to_string(request).unwrap()
}

#[tokio::test]
async fn every_field_of_a_span_survives_json() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let request = samples::every_field();
    let reply = client.post("/v1/traces", &[JSON, GZIP], gzip(json(&request).as_bytes())).await;
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, "{}"));
    let taken = ExportTraceServiceRequest::decode(&running.consumer.bytes()[0][..]).unwrap();
    assert_eq!(taken, request);
}

#[tokio::test]
async fn every_field_of_an_event_survives_json() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let mut request = samples::logs(&["first", "second"]);
    let record = &mut request.resource_logs[0].scope_logs[0].log_records[0];
    record.trace_id = vec![0xab; 16];
    record.span_id = vec![0xcd; 8];
    record.severity_number = 17;
    record.severity_text = "ERROR".to_owned();
    record.observed_time_unix_nano = u64::MAX;
    record.flags = 1;
    record.dropped_attributes_count = 3;
    record.attributes = samples::every_field().resource_spans[0].resource.clone().unwrap().attributes;
    let reply = client.post("/v1/logs", &[JSON], json(&request)).await;
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, "{}"));
    let taken = ExportLogsServiceRequest::decode(&running.consumer.bytes()[0][..]).unwrap();
    assert_eq!(taken, request);
}

#[tokio::test]
async fn i19_wrong_json_is_400_with_path_line_and_column() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let ids = r#""traceId":"01010101010101010101010101010101","spanId":"0202020202020202""#;
    let wrong = [
        (r#""traceId":"AQIDBAUGBwgJCgsMDQ4PEA==""#, "spans[0].traceId"),
        (r#""startTimeUnixNano":1.5"#, "spans[0].startTimeUnixNano"),
        (r#""kind":"SPAN_KIND_SERVER""#, "spans[0].kind"),
        (r#""attributes":[{"key":"k","value":{"intValue":"1.5"}}]"#, "attributes[0].value.intValue"),
        (r#""name":7"#, "spans[0].name"),
    ];
    for (field, path) in wrong {
        let body = format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[\n{{{ids},{field}}}]}}]}}]}}");
        let reply = client.post("/v1/traces", &[JSON], body).await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::BAD_REQUEST, "application/json"));
        let status: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let message = status["message"].as_str().unwrap();
        assert!(status["code"] == 3 && message.contains(path) && message.contains("line 2 column"), "{message}");
    }
    for number in ["\"1790000000000000000\"", "1790000000000000000", "1.79e18"] {
        let body =
            format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{ids},"startTimeUnixNano":{number}}}]}}]}}]}}"#);
        assert_eq!(client.post("/v1/traces", &[JSON], body).await.text(), "{}");
    }
    for taken in running.consumer.bytes() {
        let request = ExportTraceServiceRequest::decode(&taken[..]).unwrap();
        assert_eq!(request.resource_spans[0].scope_spans[0].spans[0].start_time_unix_nano, 1_790_000_000_000_000_000);
    }
    assert_eq!(running.consumer.rows(), 3);
}

#[tokio::test]
async fn i19_keys_in_snake_case_are_unknown_and_unknown_keys_are_ignored() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let body = r#"{"resource_spans":[{"scope_spans":[{"spans":[{"trace_id":1}]}]}],"new":{"a":[1.5,null]}}"#;
    let reply = client.post("/v1/traces", &[JSON], body).await;
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, "{}"));
    assert_eq!(running.consumer.rows(), 0);
}

#[tokio::test]
async fn i10_deep_json_is_400() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let depth = 10_000;
    let value = format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(depth), "]}}".repeat(depth));
    let body = format!(r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"value":{value}}}]}}}}]}}"#);
    let reply = client.post("/v1/traces", &[JSON], body).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text().contains("recursion limit"), "{}", reply.text());
    client.still_works().await;
}

#[tokio::test]
async fn i12_invalid_ids_in_json_are_rejected_in_json() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let body =
        json(&samples::traces(vec![samples::span(1), samples::Span { trace_id: vec![0; 16], ..samples::span(2) }]));
    let reply = client.post("/v1/traces", &[JSON], body).await;
    let answer: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!((reply.status, &answer["partialSuccess"]["rejectedSpans"]), (StatusCode::OK, &"1".into()));
    assert_eq!(running.consumer.rows(), 1);
}

#[tokio::test]
async fn a_body_that_is_not_what_its_type_says_is_400() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    assert_eq!(client.post("/v1/traces", &[JSON], samples::good()).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(client.post("/v1/traces", &[JSON], "").await.status, StatusCode::BAD_REQUEST);
    let body = json(&samples::every_field());
    assert_eq!(client.post("/v1/traces", &[PROTOBUF], body).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_large_request_in_json_is_taken_whole() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let request = samples::traces((0..5000_u32).map(|number| samples::span((number % 250) as u8 + 1)).collect());
    let reply = client.post("/v1/traces", &[JSON], json(&request)).await;
    assert_eq!(reply.text(), "{}");
    assert_eq!(running.consumer.bytes(), [request.encode_to_vec()]);
}
