//! What the variables `OTEL_*` say.

use std::time::Duration;

use spangate_core::limits::SpanLimits;

use crate::config::{Environment, Sampler};

fn read(variables: &[(&str, &str)]) -> Environment {
    Environment::read_from(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn refused(variables: &[(&str, &str)]) -> Vec<String> {
    read(variables).problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect()
}

#[test]
fn what_is_not_set_or_empty_says_nothing() {
    assert_eq!(read(&[]), Environment::default());
    let empty = [("OTEL_SDK_DISABLED", ""), ("OTEL_TRACES_SAMPLER", " "), ("OTEL_BSP_MAX_QUEUE_SIZE", "")];
    assert_eq!(read(&empty), Environment::default());
}

#[test]
fn every_sampler_of_the_specification_is_known() {
    for (name, argument, expected) in [
        ("always_on", None, Sampler::AlwaysOn),
        ("always_off", None, Sampler::AlwaysOff),
        ("traceidratio", Some("0.25"), Sampler::TraceIdRatio { ratio: 0.25 }),
        ("traceidratio", None, Sampler::TraceIdRatio { ratio: 1.0 }),
        ("parentbased_always_on", None, Sampler::ParentBased { ratio: 1.0 }),
        ("parentbased_always_off", None, Sampler::ParentBased { ratio: 0.0 }),
        ("parentbased_traceidratio", Some("0.25"), Sampler::ParentBased { ratio: 0.25 }),
    ] {
        let mut variables = vec![("OTEL_TRACES_SAMPLER", name)];
        variables.extend(argument.map(|argument| ("OTEL_TRACES_SAMPLER_ARG", argument)));
        let environment = read(&variables);
        assert_eq!((environment.sampler, environment.problems), (Some(expected), Vec::new()), "{name} {argument:?}");
    }
}

#[test]
fn a_ratio_that_is_wrong_or_says_nothing_is_refused() {
    let sampler = ("OTEL_TRACES_SAMPLER", "traceidratio");
    for wrong in ["1.5", "-0.1", "NaN", "half", "10%"] {
        let told = refused(&[sampler, ("OTEL_TRACES_SAMPLER_ARG", wrong)]);
        assert_eq!(told, [format!("OTEL_TRACES_SAMPLER_ARG: expected a ratio, found \"{wrong}\"")]);
    }
    let told = refused(&[("OTEL_TRACES_SAMPLER", "always_on"), ("OTEL_TRACES_SAMPLER_ARG", "0.5")]);
    assert_eq!(told, ["OTEL_TRACES_SAMPLER_ARG: the ratio \"0.5\" has no meaning for \"always_on\""]);
    let told = refused(&[("OTEL_TRACES_SAMPLER_ARG", "0.5")]);
    assert_eq!(told, ["OTEL_TRACES_SAMPLER_ARG: the ratio \"0.5\" has no meaning without OTEL_TRACES_SAMPLER"]);
}

#[test]
fn the_service_name_goes_before_the_resource_attributes() {
    let environment = read(&[
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=hidden,zone=a%20b"),
        ("OTEL_SERVICE_NAME", "shop, by all means"),
    ]);
    let expected = [("zone", "a b"), ("service.name", "shop, by all means")];
    assert_eq!(environment.resource, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let environment = read(&[("OTEL_RESOURCE_ATTRIBUTES", "zone=a,broken"), ("OTEL_SERVICE_NAME", "shop")]);
    assert_eq!(environment.resource.len(), 1, "nothing of a broken variable is used");
    assert_eq!(environment.problems[0].message, "\"broken\" has no `=`");
}

#[test]
fn batches_and_queues_are_read_in_their_units() {
    let environment = read(&[
        ("OTEL_BSP_SCHEDULE_DELAY", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "4096"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"),
        ("OTEL_BSP_EXPORT_TIMEOUT", " 30000 "),
    ]);
    assert_eq!(environment.problems, []);
    assert_eq!(environment.schedule_delay, Some(Duration::ZERO));
    assert_eq!((environment.max_queue_size, environment.max_export_batch_size), (Some(4096), Some(4096)));
    assert_eq!(environment.export_timeout, Some(Duration::from_secs(30)));
}

#[test]
fn a_batch_that_does_not_fit_the_queue_is_refused() {
    let told = refused(&[("OTEL_BSP_MAX_QUEUE_SIZE", "10"), ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "11")]);
    assert_eq!(told, ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE: a batch of 11 rows does not fit the queue"]);
}

#[test]
fn numbers_that_are_none_or_out_of_range_are_refused() {
    for (name, wrong) in [
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "2k"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "99999999999999999999"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "4294967296"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1.5"),
    ] {
        let told = refused(&[(name, wrong)]);
        assert!(told.len() == 1 && told[0].starts_with(name) && told[0].contains(wrong), "{told:?}");
    }
}

#[test]
fn limits_of_spans_go_before_those_of_everything() {
    let environment = read(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "1"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "2"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "3"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "4"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "5"),
        ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "6"),
        ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0"),
    ]);
    let expected = SpanLimits {
        attribute_count: 2,
        attribute_value_length: Some(3),
        event_count: 4,
        link_count: 5,
        attribute_count_per_event: 6,
        attribute_count_per_link: 0,
        ..SpanLimits::default()
    };
    assert_eq!(environment.span_limits.over(SpanLimits::default()), expected);
    let general = read(&[("OTEL_ATTRIBUTE_COUNT_LIMIT", "1")]).span_limits.over(SpanLimits::default());
    assert_eq!(general, SpanLimits { attribute_count: 1, ..SpanLimits::default() });
}
