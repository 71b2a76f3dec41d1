//! What stays of a request when invalid rows and empty messages are left out, and what columns cannot tell apart is
//! made the same: the reference that scan, selection and columns are compared with.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

fn is_id(id: &[u8], length: usize) -> bool {
    id.len() == length && id.iter().any(|byte| *byte != 0)
}

fn is_optional_id(id: &[u8], length: usize) -> bool {
    id.is_empty() || id.len() == length
}

pub(crate) fn is_valid_span(span: &Span) -> bool {
    is_id(&span.trace_id, 16)
        && is_id(&span.span_id, 8)
        && is_optional_id(&span.parent_span_id, 8)
        && span.links.iter().all(|link| is_optional_id(&link.trace_id, 16) && is_optional_id(&link.span_id, 8))
}

pub(crate) fn is_valid_event(record: &LogRecord) -> bool {
    !record.event_name.is_empty() && is_optional_id(&record.trace_id, 16) && is_optional_id(&record.span_id, 8)
}

/// Keeps the spans for which this is true, numbered in order, and drops scopes and resources without spans.
pub(crate) fn retain_spans(request: &mut ExportTraceServiceRequest, mut is_kept: impl FnMut(usize, &Span) -> bool) {
    let mut row = 0;
    let mut next = |span: &Span| {
        row += 1;
        is_kept(row - 1, span)
    };
    request.resource_spans.iter_mut().flat_map(|it| &mut it.scope_spans).for_each(|it| it.spans.retain(&mut next));
    request.resource_spans.iter_mut().for_each(|it| it.scope_spans.retain(|scope| !scope.spans.is_empty()));
    request.resource_spans.retain(|resource| !resource.scope_spans.is_empty());
}

/// As [`retain_spans`].
pub(crate) fn retain_events(
    request: &mut ExportLogsServiceRequest,
    mut is_kept: impl FnMut(usize, &LogRecord) -> bool,
) {
    let mut row = 0;
    let mut next = |record: &LogRecord| {
        row += 1;
        is_kept(row - 1, record)
    };
    request.resource_logs.iter_mut().flat_map(|it| &mut it.scope_logs).for_each(|it| it.log_records.retain(&mut next));
    request.resource_logs.iter_mut().for_each(|it| it.scope_logs.retain(|scope| !scope.log_records.is_empty()));
    request.resource_logs.retain(|resource| !resource.scope_logs.is_empty());
}

fn clear_default<T: Default + PartialEq>(message: &mut Option<T>) {
    message.take_if(|message| *message == T::default());
}

fn clear_zero(id: &mut Vec<u8>) {
    if id.iter().all(|byte| *byte == 0) {
        id.clear();
    }
}

fn clear_large(number: &mut i32) {
    if !(0..256).contains(number) {
        *number = 0;
    }
}

fn fill_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(Value::ArrayValue(array)) => array.values.iter_mut().for_each(fill_value),
        Some(Value::KvlistValue(list)) => fill_values(&mut list.values),
        _ => {}
    }
}

/// A value that is missing is a value that is empty.
fn fill_values(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        fill_value(attribute.value.get_or_insert_default());
    }
}

fn normalize_span(span: &mut Span) {
    fill_values(&mut span.attributes);
    clear_zero(&mut span.parent_span_id);
    clear_large(&mut span.kind);
    if let Some(Status { code, .. }) = &mut span.status {
        clear_large(code);
    }
    clear_default(&mut span.status);
    span.events.iter_mut().for_each(|event| fill_values(&mut event.attributes));
    for link in &mut span.links {
        fill_values(&mut link.attributes);
        clear_zero(&mut link.trace_id);
        clear_zero(&mut link.span_id);
    }
}

pub(crate) fn normalize_spans(request: &mut ExportTraceServiceRequest) {
    for resource in &mut request.resource_spans {
        resource.resource.iter_mut().for_each(|resource| fill_values(&mut resource.attributes));
        clear_default(&mut resource.resource);
        for scope in &mut resource.scope_spans {
            scope.scope.iter_mut().for_each(|scope| fill_values(&mut scope.attributes));
            clear_default(&mut scope.scope);
            scope.spans.iter_mut().for_each(normalize_span);
        }
    }
}

fn normalize_event(record: &mut LogRecord) {
    fill_values(&mut record.attributes);
    clear_zero(&mut record.trace_id);
    clear_zero(&mut record.span_id);
    clear_default(&mut record.body);
    record.body.iter_mut().for_each(fill_value);
}

pub(crate) fn normalize_events(request: &mut ExportLogsServiceRequest) {
    for resource in &mut request.resource_logs {
        resource.resource.iter_mut().for_each(|resource| fill_values(&mut resource.attributes));
        clear_default(&mut resource.resource);
        for scope in &mut resource.scope_logs {
            scope.scope.iter_mut().for_each(|scope| fill_values(&mut scope.attributes));
            clear_default(&mut scope.scope);
            scope.log_records.iter_mut().for_each(normalize_event);
        }
    }
}
