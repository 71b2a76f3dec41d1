use http::StatusCode;
use prost::Message;
use spangate::{config::OtherSignals, receiver::Outcome};
use spangate_core::signal::Signal;

use crate::{
    client::{GZIP, Http1, JSON, PROTOBUF, Raw},
    fake::{Running, eventually, refusal},
    samples::{self, gzip, logs, span, traces},
};

/// The message of a google.rpc.Status in protobuf, its code first.
fn status(body: &[u8]) -> (u8, String) {
    let [0x08, code, 0x12, rest @ ..] = body else { panic!("not a status: {body:?}") };
    let mut text = rest;
    prost::encoding::decode_varint(&mut text).unwrap();
    (*code, String::from_utf8_lossy(text).into_owned())
}

#[tokio::test]
async fn a_request_is_handed_on_byte_for_byte() {
    let running = Running::http(|config| config.metadata = vec!["x-tenant".to_owned()]).await;
    let mut client = Http1::connect(running.address).await;
    let request = samples::every_field().encode_to_vec();
    let headers = [PROTOBUF, ("X-Tenant", "acme"), ("x-other", "secret")];
    let reply = client.post("/v1/traces", &headers, request.clone()).await;
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "application/x-protobuf"));
    assert_eq!(running.consumer.bytes(), std::slice::from_ref(&request));
    {
        let taken = running.consumer.taken.lock().unwrap();
        let (signal, _, metadata) = &taken[0];
        assert_eq!((*signal, &**metadata), (Signal::Spans, &[("x-tenant".to_owned(), "acme".to_owned())][..]));
    }
    client.post("/v1/traces", &[PROTOBUF, GZIP], gzip(&request)).await;
    assert_eq!(running.consumer.bytes()[1], request);
    assert_eq!(running.stats.spans_received.get(), 2);
    assert_eq!(running.requests(Outcome::Accepted), 2);
}

#[tokio::test]
async fn i01_an_empty_request_is_taken_without_a_word() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    for empty in [&b""[..], &[0x0a, 0], &[0x0a, 2, 0x12, 0]] {
        let reply = client.traces(empty).await;
        assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b""[..]), "{empty:?}");
    }
    let reply = client.post("/v1/traces", &[JSON], r#"{"resourceSpans":[]}"#).await;
    assert_eq!((reply.status, reply.text().as_str()), (StatusCode::OK, "{}"));
    assert_eq!(running.consumer.taken.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn i02_the_limit_is_taken_and_one_byte_more_is_413_compressed_or_not() {
    let limit = 300_000;
    let running = Running::http(|config| config.max_request_bytes = limit).await;
    let mut client = Http1::connect(running.address).await;
    for (bytes, expected) in [(limit, StatusCode::OK), (limit + 1, StatusCode::PAYLOAD_TOO_LARGE)] {
        let request = samples::good_of(bytes);
        let reply = client.traces(request.clone()).await;
        assert_eq!(reply.status, expected, "{}", reply.text());
        let reply = client.post("/v1/traces", &[PROTOBUF, GZIP], gzip(&request)).await;
        assert_eq!(reply.status, expected, "{}", reply.text());
        if expected == StatusCode::PAYLOAD_TOO_LARGE {
            let (code, message) = status(&reply.body);
            assert_eq!(code, 8);
            assert!(message.contains("300000 bytes when decompressed"), "{message}");
        }
        client.still_works().await;
    }
    assert_eq!(running.requests(Outcome::TooLarge), 2);
}

#[tokio::test]
async fn i02_a_chunked_body_is_cut_at_the_limit() {
    let running = Running::http(|config| config.max_request_bytes = 1000).await;
    let mut raw = Raw::connect(running.address).await;
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\n\
        transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    raw.write(head).await;
    raw.write(format!("400\r\n{}\r\n0\r\n\r\n", "x".repeat(1024))).await;
    assert!(raw.read_to_end().await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn i03_a_bomb_is_cut_while_inflating() {
    let running = Running::http(|config| config.max_request_bytes = 1 << 20).await;
    let mut client = Http1::connect(running.address).await;
    let bomb = gzip(&vec![0; 64 << 20]);
    let reply = client.post("/v1/traces", &[PROTOBUF, GZIP], bomb).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    client.still_works().await;
}

#[tokio::test]
async fn i04_millions_of_empty_spans_are_refused_before_anything_is_allocated_for_them() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let spans = samples::empty_spans(16 << 20);
    let reply = client.post("/v1/traces", &[PROTOBUF, GZIP], gzip(&spans)).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", reply.text());
    assert!(status(&reply.body).1.contains("rows"), "{}", reply.text());
    assert_eq!(client.traces(spans).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    client.still_works().await;
}

#[tokio::test]
async fn i06_an_encoding_that_is_unknown_or_given_twice_is_415() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    for encoding in ["br", "zstd, gzip", "gzip, gzip", "deflate"] {
        let reply = client.post("/v1/traces", &[PROTOBUF, ("content-encoding", encoding)], samples::good()).await;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{encoding}");
        assert_eq!(reply.header("accept-encoding"), "gzip, zstd, identity");
    }
    let reply = client.post("/v1/traces", &[PROTOBUF, GZIP, GZIP], gzip(&samples::good())).await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let reply = client.post("/v1/traces", &[PROTOBUF, ("content-encoding", "identity")], samples::good()).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(running.requests(Outcome::Unsupported), 5);
}

#[tokio::test]
async fn i07_damaged_gzip_is_400_and_several_members_are_one_body() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let request = samples::good();
    let (first, second) = request.split_at(10);
    let members = [gzip(first), gzip(second)].concat();
    assert_eq!(client.post("/v1/traces", &[PROTOBUF, GZIP], members).await.status, StatusCode::OK);
    assert_eq!(running.consumer.bytes(), std::slice::from_ref(&request));

    let good = gzip(&request);
    let truncated = good[..good.len() - 3].to_vec();
    let trailing = [&good[..], b"garbage"].concat();
    let mut bad_checksum = good.clone();
    bad_checksum[good.len() - 6] ^= 0x55;
    for bad in [truncated, trailing, bad_checksum, request, vec![]] {
        let reply = client.post("/v1/traces", &[PROTOBUF, GZIP], bad).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert!(status(&reply.body).1.contains("not valid gzip"), "{}", reply.text());
    }
    client.still_works().await;
}

#[tokio::test]
async fn i08_malformed_protobuf_is_400_and_says_where() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let malformed = samples::malformed();
    for (what, body) in &malformed {
        let reply = client.traces(body.clone()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{what}");
        let (code, message) = status(&reply.body);
        assert!(code == 3 && message.contains("at byte"), "{what}: {message}");
    }
    client.still_works().await;
    assert_eq!(running.requests(Outcome::Malformed), malformed.len() as u64);
    assert_eq!(running.stats.spans_received.get(), 1);
}

#[tokio::test]
async fn i10_deep_nesting_is_400() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    assert_eq!(client.traces(samples::nested(20)).await.status, StatusCode::OK);
    let reply = client.traces(samples::nested(10_000)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text().contains("nested"), "{}", reply.text());
    client.still_works().await;
}

#[tokio::test]
async fn i12_spans_with_invalid_ids_are_rejected_and_the_others_taken() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let mut spans = vec![span(1), span(2)];
    for (trace_id, span_id) in [(vec![0; 16], 8), (vec![1; 15], 8), (vec![1; 17], 8), (vec![], 8), (vec![1; 16], 7)] {
        spans.push(samples::Span { trace_id, span_id: vec![1; span_id], ..span(3) });
    }
    let reply = client.traces(traces(spans.clone()).encode_to_vec()).await;
    assert_eq!(reply.status, StatusCode::OK);
    let response = samples::ExportTraceServiceResponse::decode(&reply.body[..]).unwrap();
    let partial = response.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 5);
    assert!(partial.error_message.contains("trace"), "{}", partial.error_message);
    let taken = traces(spans[..2].to_vec()).encode_to_vec();
    assert_eq!(running.consumer.bytes(), [taken]);
    assert_eq!((running.stats.spans_received.get(), running.stats.rows_rejected.get()), (2, 5));
    assert_eq!(running.requests(Outcome::Partial), 1);
}

#[tokio::test]
async fn i13_i14_i16_i17_odd_but_valid_spans_are_handed_on_verbatim() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let own_parent = samples::Span { parent_span_id: vec![1; 8], ..span(1) };
    let cycle = samples::Span { span_id: vec![5; 8], parent_span_id: vec![6; 8], ..span(1) };
    let back = samples::Span { span_id: vec![6; 8], parent_span_id: vec![5; 8], ..span(1) };
    let ends_before = samples::Span { start_time_unix_nano: u64::MAX, end_time_unix_nano: 0, ..span(2) };
    let unknown_enums =
        samples::Span { kind: 99, status: Some(samples::Status { code: -7, ..Default::default() }), ..span(3) };
    let dropped = samples::Span { dropped_links_count: u32::MAX, dropped_events_count: u32::MAX, ..span(4) };
    let spans = vec![own_parent.clone(), own_parent, cycle, back, ends_before, unknown_enums, dropped];
    let request = traces(spans).encode_to_vec();
    let reply = client.traces(request.clone()).await;
    assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b""[..]));
    assert_eq!(running.consumer.bytes(), [request]);
}

#[tokio::test]
async fn i16_events_without_end_are_bounded_by_what_they_become() {
    let event = samples::length_delimited(11, &[0x12, 1, b'e']);
    let span = [span(1).encode_to_vec(), event.repeat(100_000)].concat();
    let spans = samples::length_delimited(2, &span);
    let request = samples::length_delimited(1, &samples::length_delimited(2, &spans));
    for (max_decoded_bytes, expected) in [(64 << 20, StatusCode::OK), (1 << 20, StatusCode::PAYLOAD_TOO_LARGE)] {
        let running = Running::http(|config| config.max_decoded_bytes = max_decoded_bytes).await;
        let mut client = Http1::connect(running.address).await;
        let reply = client.traces(request.clone()).await;
        assert_eq!(reply.status, expected, "{}", reply.text());
        client.still_works().await;
    }
}

#[tokio::test]
async fn a_large_resource_is_too_large_before_it_is_copied_into_every_batch() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let mut request = traces((0..65_536).map(|_| samples::Span { name: String::new(), ..span(1) }).collect());
    request.resource_spans[0].schema_url = "x".repeat(4_300_000);
    let compressed = gzip(&request.encode_to_vec());
    assert!(compressed.len() < 64 << 10, "{} bytes", compressed.len());
    let reply = client.post("/v1/traces", &[PROTOBUF, GZIP], compressed).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    let (code, message) = status(&reply.body);
    assert!(code == 8 && message.contains("the resource and the scope of a row have too many bytes"), "{message}");
    assert!(message.contains("262144 are allowed, at byte "), "{message}");
    client.still_works().await;
}

#[tokio::test]
async fn otlp_over_http_works_over_http2_too() {
    let running = Running::http(|_| ()).await;
    let mut client = crate::client::Grpc::connect(running.address).await;
    for _ in 0..2 {
        let reply = client.send("/v1/traces", &[PROTOBUF], samples::good()).await;
        assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b""[..]));
        let reply = client.send("/v1/traces", &[PROTOBUF], samples::good_of(21 << 20)).await;
        assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    }
    assert_eq!(running.consumer.rows(), 2);
}

#[tokio::test]
async fn i21_the_content_type_is_protobuf_or_json_whatever_its_parameters() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    for good in ["application/x-protobuf; charset=utf-8", "Application/X-Protobuf", "application/x-protobuf;a=b;c=d"] {
        let reply = client.post("/v1/traces", &[("content-type", good)], samples::good()).await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "application/x-protobuf"), "{good}");
    }
    let reply = client.post("/v1/traces", &[("content-type", "application/json;charset=UTF-8")], "{}").await;
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "application/json"));
    for bad in ["text/plain", "multipart/form-data; boundary=x", "application/grpc", "application/protobuf", ""] {
        let reply = client.post("/v1/traces", &[("content-type", bad)], samples::good()).await;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{bad}");
        assert_eq!(reply.header("content-type"), "application/json", "{bad}");
    }
    assert_eq!(client.post("/v1/traces", &[], samples::good()).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(client.post("/v1/traces", &[PROTOBUF, JSON], "").await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    client.still_works().await;
}

#[tokio::test]
async fn i27_other_paths_are_404_and_other_methods_405() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    for path in ["/", "/v1/trace", "/v1/traces/", "/v1development/profiles", crate::client::TRACES] {
        let reply = client.post(path, &[PROTOBUF], samples::good()).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert!(status(&reply.body).1.contains("/v1/traces"), "{}", reply.text());
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let reply = client.send(method, "/v1/traces", &[PROTOBUF], "").await;
        assert_eq!((reply.status, reply.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"), "{method}");
    }
    client.still_works().await;
}

#[tokio::test]
async fn i27_logs_sent_to_the_trace_path_are_not_mistaken_for_spans() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    client.traces(logs(&["event"]).encode_to_vec()).await;
    client.traces(samples::METRICS).await;
    assert_eq!(running.consumer.rows(), 0);
    client.still_works().await;
}

#[tokio::test]
async fn log_records_with_an_event_name_are_events_and_plain_ones_are_counted_out() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let request = logs(&["order.placed", "", "order.paid", ""]).encode_to_vec();
    for _ in 0..3 {
        let reply = client.post("/v1/logs", &[PROTOBUF], request.clone()).await;
        let response = samples::ExportLogsServiceResponse::decode(&reply.body[..]).unwrap();
        let partial = response.partial_success.unwrap();
        assert_eq!((partial.rejected_log_records, reply.status), (2, StatusCode::OK));
        assert!(partial.error_message.contains("plain log records are not exported"), "{}", partial.error_message);
    }
    let reply = client.post("/v1/logs", &[PROTOBUF], logs(&["only.events"]).encode_to_vec()).await;
    assert_eq!(&reply.body[..], b"");
    assert_eq!(running.consumer.bytes()[0], logs(&["order.placed", "order.paid"]).encode_to_vec());
    assert_eq!(running.consumer.taken.lock().unwrap()[0].0, Signal::Events);
    assert_eq!((running.stats.events_received.get(), running.stats.plain_logs_dropped.get()), (7, 6));
    let warnings = running.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("plain log records"), "said once: {warnings:?}");
}

#[tokio::test]
async fn metrics_are_counted_out_point_by_point() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let reply = client.post("/v1/metrics", &[PROTOBUF, GZIP], gzip(samples::METRICS)).await;
    assert_eq!((reply.status, &reply.body[2..4]), (StatusCode::OK, &[0x08, 3][..]));
    let json = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{},{"asInt":"1"}]}}]}]}]}"#;
    let reply = client.post("/v1/metrics", &[JSON], json).await;
    assert!(reply.text().contains(r#""rejectedDataPoints":"2""#), "{}", reply.text());
    assert_eq!(client.post("/v1/metrics", &[PROTOBUF], "").await.text(), "");
    assert_eq!(client.post("/v1/metrics", &[PROTOBUF], "nonsense").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(running.stats.metric_points_dropped.get(), 5);
    assert_eq!(running.warnings().len(), 1);
}

#[tokio::test]
async fn other_signals_can_be_refused_instead() {
    let running = Running::http(|config| config.other_signals = OtherSignals::Refuse).await;
    let mut client = Http1::connect(running.address).await;
    for _ in 0..2 {
        assert_eq!(client.post("/v1/metrics", &[PROTOBUF], samples::METRICS).await.status, StatusCode::NOT_FOUND);
        let reply = client.post("/v1/logs", &[PROTOBUF], logs(&["", ""]).encode_to_vec()).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
    }
    // Events are not lost because plain records came along.
    let reply = client.post("/v1/logs", &[PROTOBUF], logs(&["event", ""]).encode_to_vec()).await;
    assert_eq!((reply.status, running.consumer.rows()), (StatusCode::OK, 1));
    assert_eq!(running.warnings().len(), 2);
    assert_eq!(running.stats.plain_logs_dropped.get(), 5);
}

#[tokio::test]
async fn i28_the_same_request_twice_is_taken_twice() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    client.still_works().await;
    client.still_works().await;
    assert_eq!(running.consumer.bytes(), [samples::good(), samples::good()]);
    assert_eq!(running.stats.spans_received.get(), 2);
}

#[tokio::test]
async fn i30_a_full_consumer_refuses_with_429_and_says_when_to_try_again() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    *running.consumer.full.lock().unwrap() = Some(refusal());
    // Not even looked at: this body is not protobuf.
    let reply = client.traces("nonsense").await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "3"));
    assert!(reply.text().contains("queue of billing is full"));
    assert_eq!(running.stats.bytes_received.get(), 0);
    *running.consumer.full.lock().unwrap() = None;
    *running.consumer.full_meanwhile.lock().unwrap() = Some(refusal());
    assert_eq!(client.traces(samples::good()).await.status, StatusCode::TOO_MANY_REQUESTS);
    *running.consumer.full_meanwhile.lock().unwrap() = None;
    client.still_works().await;
    assert_eq!((running.requests(Outcome::Refused), running.stats.spans_received.get()), (2, 1));
}

#[tokio::test]
async fn i30_a_large_refused_body_is_read_so_that_the_sender_hears_why() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    *running.consumer.full.lock().unwrap() = Some(refusal());
    let reply = client.traces(samples::good_of(8 << 20)).await;
    assert_eq!(reply.status, StatusCode::TOO_MANY_REQUESTS);
    *running.consumer.full.lock().unwrap() = None;
    client.still_works().await;
}

#[tokio::test]
async fn i30_more_requests_than_slots_are_503_and_not_queued() {
    let running = Running::http(|config| config.max_concurrent_requests = 1).await;
    let mut slow = Raw::connect(running.address).await;
    let body = samples::good();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-protobuf\r\n";
    slow.write(format!("{head}content-length: {}\r\n\r\n", body.len())).await;
    slow.write(&body[..4]).await;
    eventually("the slow request has its slot", || running.stats.bytes_received.get() == 4).await;
    let mut client = Http1::connect(running.address).await;
    let reply = client.traces(samples::good()).await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    slow.write(&body[4..]).await;
    assert!(slow.read_to_end().await.starts_with("HTTP/1.1 200 "));
    client.still_works().await;
    assert_eq!((running.requests(Outcome::Busy), running.requests(Outcome::Accepted)), (1, 2));
}

#[tokio::test]
async fn large_requests_are_taken_whole_compressed_or_not() {
    let running = Running::http(|_| ()).await;
    let mut client = Http1::connect(running.address).await;
    let request = samples::good_of(5 << 20);
    assert_eq!(client.traces(request.clone()).await.status, StatusCode::OK);
    assert_eq!(client.post("/v1/traces", &[PROTOBUF, GZIP], gzip(&request)).await.status, StatusCode::OK);
    assert!(running.consumer.bytes().iter().all(|taken| *taken == request));
}
