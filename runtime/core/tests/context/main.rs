//! Headers of W3C Trace Context, valid and nearly so, compared with readers written from the specification alone.

mod oracle;

use proptest::prelude::*;

fn trace_parent() -> impl Strategy<Value = String> {
    let version =
        prop_oneof![4 => Just("00".to_owned()), 1 => Just("ff".to_owned()), 2 => "[0-9a-f]{2}", 1 => "[0-9A-F]{2}"];
    let id = |length: usize| {
        prop_oneof![
            8 => pattern(&format!("[0-9a-f]{{{length}}}")),
            1 => Just("0".repeat(length)).boxed(),
            1 => pattern(&format!("[0-9a-fA-Fg]{{{},{}}}", length - 1, length + 1)),
        ]
    };
    let flags = prop_oneof![8 => "[0-9a-f]{2}", 1 => "[0-9a-g]{1,3}"];
    let rest = prop_oneof![6 => Just(String::new()), 1 => "-[a-z0-9-]{0,5}", 1 => "[ -~]{1,3}"];
    (version, id(32), id(16), flags, rest)
        .prop_map(|(version, trace_id, span_id, flags, rest)| format!("{version}-{trace_id}-{span_id}-{flags}{rest}"))
}

fn pattern(text: &str) -> BoxedStrategy<String> {
    proptest::string::string_regex(text).expect("a pattern").boxed()
}

fn trace_state() -> impl Strategy<Value = String> {
    let key = prop_oneof![6 => "[a-z0-9][a-z0-9_*/@-]{0,6}", 1 => "[A-Za-z_]{0,3}", 1 => "[a-z]{255,258}"];
    let value = prop_oneof![6 => "[!-+.-<>-~]{1,9}", 1 => "[ -~]{0,9}", 1 => "[a-z]{120,258}"];
    let entry = (key, value, "[ \t]{0,1}").prop_map(|(key, value, space)| format!("{space}{key}={value}{space}"));
    let entry = prop_oneof![20 => entry, 1 => Just(String::new()), 1 => "[ -~\t]{0,4}"];
    prop::collection::vec(entry, 0..6).prop_map(|entries| entries.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn headers_that_are_valid_or_nearly_so_are_read_as_the_specification_says(
        parents in prop::collection::vec(trace_parent(), 1..=1), states in prop::collection::vec(trace_state(), 0..4),
    ) {
        let [parents, states] = [&parents, &states].map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
        oracle::compare(&parents, &states);
    }

    #[test]
    fn many_entries_are_read_up_to_the_thirty_second(count in 28_usize..36, repeated in 0_usize..4) {
        let entries: Vec<String> = (0..count).chain(0..repeated).map(|number| format!("k{number}=v")).collect();
        oracle::compare(&[], &[&entries.join(",")]);
        let headers: Vec<&str> = entries.iter().map(String::as_str).collect();
        oracle::compare(&[], &headers);
    }
}
