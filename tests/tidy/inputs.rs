//! Which tests hold which row of the list of bad inputs: I01 to I40 for what senders and programs do, C01 to C11 for what a
//! configuration says. A row without a test, or a test that is no longer there, fails here.

use std::collections::BTreeSet;

use super::source::rust;

const FOLDERS: [&str; 4] = ["runtime/", "sdk/", "guests/", "tests/"];

/// Row, what comes in, and the tests of what has to become of it.
const ROWS: [(&str, &str, &[&str]); 31] = [
    (
        "I01",
        "empty body, no spans",
        &["i01_an_empty_request_is_taken_without_a_word", "i01_an_empty_message_is_taken_and_no_message_is_not"],
    ),
    (
        "I02",
        "the limit of a body, and one byte more",
        &[
            "i02_the_limit_is_taken_and_one_byte_more_is_413_compressed_or_not",
            "i02_a_chunked_body_is_cut_at_the_limit",
            "i02_i03_too_large_is_resource_exhausted_without_retry_info",
        ],
    ),
    (
        "I03",
        "a bomb of gzip or zstd",
        &[
            "i03_a_bomb_is_cut_while_inflating",
            "i03_i04_bombs_cost_some_bodies_and_not_what_they_would_become",
            "a_zstd_bomb_and_a_huge_window_are_413",
        ],
    ),
    (
        "I04",
        "millions of empty spans",
        &[
            "i04_millions_of_empty_spans_are_refused_before_anything_is_allocated_for_them",
            "i04_millions_of_empty_spans_are_resource_exhausted",
            "a_flood_of_empty_spans_is_refused_by_its_rows_and_of_empty_scopes_by_their_size",
        ],
    ),
    (
        "I06",
        "an unknown encoding, or two",
        &[
            "i06_an_encoding_that_is_unknown_or_given_twice_is_415",
            "i06_an_unknown_encoding_is_unimplemented_and_the_known_ones_are_named",
        ],
    ),
    (
        "I07",
        "damaged gzip, several members",
        &[
            "i07_damaged_gzip_is_400_and_several_members_are_one_body",
            "damaged_zstd_is_400_and_several_frames_are_one_body",
        ],
    ),
    (
        "I08",
        "malformed protobuf",
        &[
            "i08_malformed_protobuf_is_400_and_says_where",
            "i07_i08_i10_what_is_malformed_is_an_invalid_argument",
            "a_request_with_a_wrong_byte_is_taken_or_refused_as_by_prost",
        ],
    ),
    ("I10", "deep nesting", &["i10_deep_nesting_is_400", "i10_deep_json_is_400"]),
    (
        "I12",
        "ids of no use",
        &[
            "i12_spans_with_invalid_ids_are_rejected_and_the_others_taken",
            "i12_invalid_ids_in_json_are_rejected_in_json",
        ],
    ),
    (
        "I13",
        "a span that is its own parent, circles, an id twice",
        &[
            "i13_i14_i16_i17_odd_but_valid_spans_are_handed_on_verbatim",
            "parents_that_go_round_in_a_circle_and_ids_that_repeat_are_drawn_once_each",
        ],
    ),
    (
        "I14",
        "an end before the start, times out of this world",
        &[
            "i13_i14_i16_i17_odd_but_valid_spans_are_handed_on_verbatim",
            "times_that_make_no_sense_are_left_out",
            "times_out_of_order_draw_a_bar_inside_the_line",
        ],
    ),
    (
        "I16",
        "events without end, counters at their end",
        &[
            "i16_events_without_end_are_bounded_by_what_they_become",
            "i13_i14_i16_i17_odd_but_valid_spans_are_handed_on_verbatim",
        ],
    ),
    ("I17", "an enum that nobody knows", &["i13_i14_i16_i17_odd_but_valid_spans_are_handed_on_verbatim"]),
    (
        "I19",
        "JSON as others write it",
        &[
            "i19_wrong_json_is_400_with_path_line_and_column",
            "i19_keys_in_snake_case_are_unknown_and_unknown_keys_are_ignored",
            "ids_are_hex_in_either_case_and_nothing_else",
            "whole_numbers_are_strings_or_numbers_without_a_fraction",
            "enums_are_integers_known_or_not_and_never_names",
        ],
    ),
    ("I21", "content types", &["i21_the_content_type_is_protobuf_or_json_whatever_its_parameters"]),
    (
        "I22",
        "slow headers, slow bodies, idle connections, one that takes it all",
        &[
            "i22_a_connection_that_sends_no_whole_request_is_closed",
            "i22_headers_that_drip_are_closed_too",
            "i22_a_body_that_stops_or_drips_is_408",
            "i22_idle_connections_beyond_the_cap_lock_nobody_out",
            "i22_ten_thousand_idle_connections_lock_nobody_out_and_cost_what_the_cap_allows",
            "i22_one_connection_cannot_take_all_slots",
            "i22_bodies_that_do_not_end_give_way_to_those_that_come",
            "i22_calls_that_do_not_end_give_way_too_and_may_be_sent_again",
            "i22_connections_that_got_nowhere_give_way_to_new_ones",
        ],
    ),
    (
        "I24",
        "floods of HTTP/2 frames, a window of zero",
        &[
            "i24_floods_of_http2_frames_disturb_nobody_else",
            "floods_of_http2_frames_over_tls_disturb_nobody_else",
            "i24_a_window_of_zero_holds_neither_a_slot_nor_a_place",
        ],
    ),
    (
        "I25",
        "rubbish in place of TLS, old TLS, a bad certificate, no file descriptors",
        &[
            "i25_tls_on_a_plain_port_ends_that_connection_and_no_other",
            "i25_versions_of_tls_that_are_broken_are_refused_with_an_alert",
            "rubbish_in_place_of_a_handshake_ends_that_connection_and_no_other",
            "a_client_certificate_of_the_right_authority_opens_and_no_other",
            "errors_of_accept_are_counted_and_do_not_end_the_listener",
            "i25_a_process_without_file_descriptors_accepts_again_once_it_has_some",
        ],
    ),
    (
        "I27",
        "other signals, paths and methods",
        &[
            "i27_other_paths_are_404_and_other_methods_405",
            "i27_logs_sent_to_the_trace_path_are_not_mistaken_for_spans",
            "i27_other_methods_are_unimplemented_and_other_protocols_told_in_plain_http",
        ],
    ),
    ("I28", "the same request twice", &["i28_the_same_request_twice_is_taken_twice"]),
    (
        "I30",
        "overload",
        &[
            "i30_a_full_consumer_refuses_with_429_and_says_when_to_try_again",
            "i30_a_large_refused_body_is_read_so_that_the_sender_hears_why",
            "i30_more_requests_than_slots_are_503_and_not_queued",
            "i30_a_refusal_is_unavailable_with_retry_info",
            "i30_calls_beyond_the_slots_are_unavailable_and_not_queued",
            "i30_sdks_that_send_into_an_overload_lose_nothing",
        ],
    ),
    (
        "I31",
        "traceparent",
        &[
            "invalid_headers_are_refused",
            "a_later_version_is_read_as_00_and_may_be_longer",
            "headers_that_cannot_be_used_are_ignored_and_told",
        ],
    ),
    (
        "I33",
        "large baggage",
        &["i33_baggage_is_neither_kept_nor_in_the_way", "i33_baggage_is_neither_read_nor_recorded_nor_sent_on"],
    ),
    (
        "I35",
        "spans that never end",
        &[
            "i35_a_million_spans_that_never_end_are_recorded_up_to_the_cap_and_counted_beyond",
            "spans_beyond_the_cap_are_not_recorded_and_counted_and_keep_their_place_in_the_trace",
        ],
    ),
    (
        "I36",
        "calls after the end, an end elsewhere",
        &[
            "i36_a_span_ends_once_whatever_is_called_afterwards_and_on_whatever_thread",
            "a_span_ends_once_and_what_comes_later_is_counted_and_ignored",
        ],
    ),
    (
        "I38",
        "a huge trace, a huge name",
        &[
            "i38_a_trace_of_a_million_spans_is_cut_like_any_other",
            "i38_a_name_of_a_mebibyte_is_cut_where_it_is_recorded_and_alone_in_its_batch_where_it_is_received",
        ],
    ),
    ("I40", "a fork", &["never_waits_and_sends_nothing", "traces_with_a_runtime_of_its_own"]),
    (
        "C01 C02",
        "unknown keys, keys and names that are there twice",
        &[
            "an_unknown_key_is_told_with_its_place_and_the_nearest_known_one",
            "keys_and_tables_that_are_there_twice_are_told_with_both_lines",
        ],
    ),
    (
        "C03 C05",
        "variables and numbers",
        &[
            "variables_that_are_not_set_or_not_understood_are_told",
            "a_variable_becomes_one_value_and_nothing_else",
            "numbers_out_of_range_are_told_with_the_range",
            "units_are_asked_for",
            "a_duration_that_could_be_misread_is_refused_with_what_was_meant",
            "a_size_that_could_be_misread_is_refused_with_what_was_meant",
        ],
    ),
    ("C07", "grants that say too much", &["grants_that_say_too_much_or_nothing_are_refused", "networks_are_checked"]),
    (
        "C10 C11",
        "secrets that show, an endpoint that others reach",
        &[
            "a_variable_shows_in_no_error_whatever_the_key",
            "a_token_shows_in_no_error_and_in_no_debug_output",
            "a_secret_that_an_exporter_says_again_is_not_in_the_status_nor_in_the_metrics",
            "an_address_that_others_can_reach_is_refused",
            "a_foreign_host_is_refused",
            "only_reading_is_served",
        ],
    ),
];

/// The rows of the list, but for those that belong to parts that are not there yet: C08, C12, C13.
const EXPECTED: &str = "I01 I02 I03 I04 I06 I07 I08 I10 I12 I13 I14 I16 I17 I19 I21 I22 I24 I25 I27 I28 I30 I31 I33 I35 I36 \
    I38 I40 C01 C02 C03 C05 C07 C10 C11";

#[test]
fn every_row_of_the_list_of_bad_inputs_has_its_tests() {
    let files = rust(&FOLDERS);
    let there: BTreeSet<&str> = files.iter().flat_map(|file| file.names_after("fn")).map(|(_, name)| name).collect();
    let named = ROWS.iter().flat_map(|(row, _, tests)| tests.iter().map(move |test| (row, test)));
    let missing: Vec<_> = named.filter(|(_, test)| !there.contains(*test)).collect();
    assert!(missing.is_empty(), "tests that are not there: {missing:?}");
    assert!(ROWS.iter().all(|(_, what, tests)| !tests.is_empty() && !what.is_empty()));
    let rows: Vec<&str> = ROWS.iter().flat_map(|(rows, ..)| rows.split(' ')).collect();
    assert_eq!(rows, EXPECTED.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn a_test_that_says_which_row_it_holds_is_in_the_list() {
    let listed: BTreeSet<&str> = ROWS.iter().flat_map(|(_, _, tests)| tests.iter().copied()).collect();
    let is_row = |name: &str| name.len() > 4 && name.starts_with('i') && name[1..3].parse::<u8>().is_ok();
    let files = rust(&FOLDERS);
    let named = files.iter().flat_map(|file| file.names_after("fn")).map(|(_, name)| name).filter(|name| is_row(name));
    let unlisted: Vec<&str> = named.filter(|name| !listed.contains(name) && name[3..].starts_with('_')).collect();
    assert_eq!(unlisted, Vec::<&str>::new());
}
