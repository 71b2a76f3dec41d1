use bytes::Bytes;
use proptest::prelude::*;
use spangate_core::{
    otlp::{ScanLimits, scan},
    signal::Signal,
};

use super::*;

fn traces(json: &str) -> Result<Vec<u8>, String> {
    to_protobuf(json.as_bytes(), &TRACES_REQUEST)
}

/// A request of one span whose fields are `fields`.
fn span(fields: &str) -> Result<Vec<u8>, String> {
    let bytes = traces(&format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#))?;
    let length = bytes.get(5).copied().unwrap_or_default();
    assert!(length < 128 && bytes.len() == 6 + usize::from(length), "not one short span: {bytes:?}");
    Ok(bytes[6..].to_vec())
}

/// One attribute value whose field is `value`.
fn value(value: &str) -> Result<Vec<u8>, String> {
    let bytes = span(&format!(r#""attributes":[{{"key":"k","value":{{{value}}}}}]"#))?;
    Ok(bytes[7..].to_vec())
}

fn refused(result: Result<Vec<u8>, String>, words: &[&str]) {
    let message = result.expect_err("accepted");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}

#[test]
fn a_request_is_written_as_protobuf_has_it() {
    let json = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"svc"}}]},
        "scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"A1a2a3a4a5a6a7a8","name":"op",
        "kind":2,"startTimeUnixNano":"1700000000000000000","endTimeUnixNano":1700000000001500000,
        "attributes":[{"key":"k","value":{"stringValue":"v"}}],"status":{"code":2}}]}]}]}"#;
    // The minimal request of the OTLP notes, written by another encoder.
    let protobuf = "0a5f0a170a150a0c736572766963652e6e616d6512050a03737663124412420a100102030405060708090a0b0c0d0e0f10\
        1208a1a2a3a4a5a6a7a82a026f7030023900002a36fe9c97174160e34036fe9c97174a080a016b12030a01767a021802";
    assert_eq!(traces(json), Ok(scalar::hex(protobuf).unwrap().into_owned()));
}

#[test]
fn ids_are_hex_in_either_case_and_nothing_else() {
    assert_eq!(span(r#""spanId":"aBcDeF0123456789""#), Ok(b"\x12\x08\xab\xcd\xef\x01\x23\x45\x67\x89".to_vec()));
    // The row is rejected by the scan, not the request.
    assert_eq!(span(r#""spanId":"abcd""#), Ok(vec![0x12, 2, 0xab, 0xcd]));
    for id in ["AQIDBAUGBwgJCgsMDQ4PEA==", "abc", "0x01", "zz", "é"] {
        refused(span(&format!(r#""traceId":"{id}""#)), &["traceId", "hex", "line 1 column"]);
    }
    refused(span(r#""traceId":7"#), &["resourceSpans[0].scopeSpans[0].spans[0].traceId", "string of hex digits"]);
}

#[test]
fn whole_numbers_are_strings_or_numbers_without_a_fraction() {
    for number in ["1000000000000000000", "\"1000000000000000000\"", "1e18", "\"1e18\"", "1000000000000000000.0"] {
        let written = value(&format!(r#""intValue":{number}"#)).unwrap();
        assert_eq!(written, [0x18, 0x80, 0x80, 0x90, 0xbb, 0xba, 0xd6, 0xad, 0xf0, 0x0d], "{number}");
    }
    assert_eq!(value(r#""intValue":"-9223372036854775808""#).unwrap().last(), Some(&1));
    for number in ["1.5", "\"1.5\"", "true", "\"\"", "\"a\"", "\"inf\"", "1e300", "9223372036854775808", "[]", "{}"] {
        refused(value(&format!(r#""intValue":{number}"#)), &["attributes[0].value.intValue", "line 1 column"]);
    }
    refused(span(r#""startTimeUnixNano":-1"#), &["startTimeUnixNano", "-1 does not fit into uint64"]);
    refused(span(r#""flags":4294967296"#), &["flags", "does not fit into uint32"]);
    assert_eq!(span(r#""endTimeUnixNano":"18446744073709551615""#).unwrap(), [&[0x41][..], &[0xff; 8]].concat());
}

#[test]
fn enums_are_integers_known_or_not_and_never_names() {
    assert_eq!(span(r#""kind":3"#), Ok(vec![0x30, 3]));
    assert_eq!(span(r#""kind":77"#), Ok(vec![0x30, 77]));
    assert_eq!(span(r#""kind":-1"#).unwrap().len(), 11);
    refused(span(r#""kind":"SPAN_KIND_SERVER""#), &["spans[0].kind", "SPAN_KIND_SERVER", "not a name"]);
    refused(span(r#""status":{"code":"2"}"#), &["spans[0].status.code", "not a name"]);
    refused(span(r#""kind":2147483648"#), &["does not fit into int32"]);
}

#[test]
fn doubles_are_numbers_or_the_names_of_what_json_has_no_number_for() {
    for (text, number) in [("1.5", 1.5), ("2", 2.0), ("-3", -3.0), ("\"1e3\"", 1e3), ("\"Infinity\"", f64::INFINITY)] {
        let written = value(&format!(r#""doubleValue":{text}"#)).unwrap();
        assert_eq!(written[1..], number.to_le_bytes(), "{text}");
    }
    // Read to the last bit: what is nearly right is another number.
    for (text, number) in [("1.5e93", 1.5e93_f64), ("-9.007199254740993e15", -9.007199254740993e15), ("5e-324", 5e-324)]
    {
        assert_eq!(value(&format!(r#""doubleValue":{text}"#)).unwrap()[1..], number.to_le_bytes(), "{text}");
    }
    let nan = value(r#""doubleValue":"NaN""#).unwrap();
    assert!(f64::from_le_bytes(nan[1..].try_into().unwrap()).is_nan());
    for text in ["\"nan\"", "\"inf\"", "1e400", "\"one\"", "true"] {
        refused(value(&format!(r#""doubleValue":{text}"#)), &["line 1 column"]);
    }
}

#[test]
fn bytes_are_base64_in_either_alphabet_padded_or_not() {
    for text in ["+/8=", "-_8=", "+/8", "-_8"] {
        assert_eq!(value(&format!(r#""bytesValue":"{text}""#)), Ok(vec![0x3a, 2, 0xfb, 0xff]), "{text}");
    }
    refused(value(r#""bytesValue":"%%%""#), &["bytesValue", "base64"]);
}

#[test]
fn the_value_of_an_attribute_is_written_even_if_it_is_the_default() {
    assert_eq!(value(r#""stringValue":"""#), Ok(vec![0x0a, 0]));
    assert_eq!(value(r#""boolValue":false"#), Ok(vec![0x10, 0]));
    assert_eq!(value(r#""intValue":"0""#), Ok(vec![0x18, 0]));
    assert_eq!(value(r#""doubleValue":0"#), Ok(vec![0x21, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(value(r#""arrayValue":{"values":[{},{"intValue":1}]}"#), Ok(vec![0x2a, 6, 0x0a, 0, 0x0a, 2, 0x18, 1]));
    assert_eq!(value(""), Ok(vec![]));
}

#[test]
fn unknown_keys_are_ignored_and_null_is_absent() {
    let unknown = r#""span_id":"zz","unknown":{"deep":[1,{"a":null}]},"name":null,"kind":null,"attributes":null,"#;
    assert_eq!(span(&format!(r#"{unknown}"status":null,"flags":null,"events":[]"#)), Ok(vec![]));
    assert_eq!(traces(r#"{"resource_spans":[{"scope_spans":7}]}"#), Ok(vec![]));
    refused(traces(r#"{"resourceSpans":[null]}"#), &["resourceSpans[0]", "expected an object"]);
}

#[test]
fn texts_are_unescaped_and_must_be_unicode() {
    assert_eq!(span(r#""name":"a\u00e9\n""#), Ok(b"\x2a\x04a\xc3\xa9\n".to_vec()));
    refused(span(r#""name":"\ud800""#), &["spans[0].name", "line 1 column"]);
    let not_utf8 = [b"{\"resourceSpans\":[{\"schemaUrl\":\"".as_slice(), &[0xff], b"\"}]}"].concat();
    refused(to_protobuf(&not_utf8, &TRACES_REQUEST), &["resourceSpans[0].schemaUrl", "unicode"]);
}

#[test]
fn an_error_says_where_it_is() {
    let json = "{\"resourceSpans\":[{},\n {\"scopeSpans\":[{\"spans\":[{},{\"events\":[{\"timeUnixNano\":1.5}]}]}]}]}";
    refused(
        traces(json),
        &["resourceSpans[1].scopeSpans[0].spans[1].events[0].timeUnixNano", "1.5", "line 2 column 59"],
    );
    refused(traces(""), &["line 1 column 0"]);
    refused(traces("[]"), &["expected an object"]);
    refused(traces("{} {}"), &["trailing characters at line 1 column 4"]);
    refused(traces(r#"{"resourceSpans":{}}"#), &["resourceSpans: invalid type: map, expected an array"]);
}

#[test]
fn an_error_quotes_the_beginning_of_a_text_and_never_all_of_it() {
    let text = format!("\"{}\"", "\u{7f}".repeat(1 << 20));
    let kinds = [
        "traceId",
        "kind",
        "startTimeUnixNano",
        "droppedAttributesCount",
        "flags",
        "attributes",
        "events",
        "links",
        "status",
    ];
    let fields = kinds.map(|key| format!("\"{key}\":{text}"));
    let values = ["boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue"]
        .map(|key| format!(r#""attributes":[{{"value":{{"{key}":{text}}}}}]"#));
    let elements = ["attributes", "events", "links"].map(|key| format!(r#""{key}":[{text}]"#));
    for field in fields.iter().chain(&values).chain(&elements) {
        let message = span(field).expect_err("accepted");
        assert!(message.len() < 2048 && message.contains("line 1 column"), "{} bytes", message.len());
    }
    let deep = r#"{"arrayValue":{"values":["#.repeat(40) + "7";
    let message = span(&format!(r#""attributes":[{{"value":{deep}"#)).expect_err("accepted");
    assert!(message.len() < 2048, "{} bytes", message.len());
}

#[test]
fn nesting_is_bounded_in_known_and_in_unknown_keys() {
    let depth = 10_000;
    let nested = format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(depth), "]}}".repeat(depth));
    let json = format!(r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"value":{nested}}}]}}}}]}}"#);
    refused(traces(&json), &["recursion limit"]);
    let unknown = format!(r#"{{"unknown":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    // It is skipped without recursion, so it may be as deep as the body is long.
    assert_eq!(traces(&unknown), Ok(vec![]));
}

#[test]
fn log_records_and_data_points_are_written_too() {
    let logs = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"e","body":{"boolValue":true},
        "severityNumber":9,"observedTimeUnixNano":"1","traceId":"","flags":1}]}]}]}"#;
    let expected = "0a1b12191217620165 2a021001 1009 590100000000000000 4501000000".replace(' ', "");
    let written = to_protobuf(logs.as_bytes(), &LOGS_REQUEST).unwrap();
    assert_eq!(written, *scalar::hex(&expected).unwrap());
    let metrics = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"m","sum":{"dataPoints":[{"asInt":1},{}]}}]}]}]}"#;
    let written = to_protobuf(metrics.as_bytes(), &METRICS_REQUEST).unwrap();
    assert_eq!(written, [0x0a, 10, 0x12, 8, 0x12, 6, 0x3a, 4, 0x0a, 0, 0x0a, 0]);
}

/// A request that touches every kind of field.
const SAMPLE: &str = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"-1"},
    {"doubleValue":1.5e3},{"bytesValue":"AAEC"},{"kvlistValue":{"values":[{"key":"n","value":{"boolValue":true}}]}}]}}}]},
    "scopeSpans":[{"scope":{"name":"s"},"spans":[{"traceId":"01020304050607080102030405060708",
    "spanId":"0102030405060708","kind":2,"flags":257,"startTimeUnixNano":"17","unknown":{"a":[null,1]},
    "status":{"code":1,"message":"\u00e9"},"events":[{"name":"e"}],"links":null}]}]}]}"#;

proptest! {
    #[test]
    fn damaged_json_is_either_refused_or_a_request_of_nearly_its_size(
        damage in prop::collection::vec((0..SAMPLE.len(), prop_oneof![any::<u8>(), prop::sample::select(&b"{}[]\",:01-.eE"[..])]), 1..4)
    ) {
        let mut json = SAMPLE.as_bytes().to_vec();
        for (at, byte) in damage {
            json[at] = byte;
        }
        if let Ok(protobuf) = to_protobuf(&json, &TRACES_REQUEST) {
            prop_assert!(protobuf.len() <= json.len() + 64);
            // Whatever was written is protobuf; at most it breaks a rule of OTLP, such as a message given twice.
            if let Err(error) = scan(Signal::Spans, Bytes::from(protobuf), &ScanLimits::default()) {
                prop_assert!(error.what.contains("twice") || error.what.contains("nested"), "{}", error.what);
            }
        }
    }
}

#[test]
fn the_sample_is_taken_whole() {
    let protobuf = traces(SAMPLE).unwrap();
    let scanned = scan(Signal::Spans, Bytes::from(protobuf), &ScanLimits::default()).unwrap();
    assert_eq!((scanned.request.rows(), scanned.rejected), (1, 0));
}
