//! Reading a batch allocates nothing, and neither does writing what was read into a buffer that is large enough.
#![expect(unsafe_code, reason = "counting allocations takes an allocator, and its trait is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
};

use spangate_sdk::{Attributes, Batch, ValueView, json, testing::every_span_shape};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as for this function.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn read_value(value: ValueView<'_>) {
    match value {
        ValueView::Array(items) => items.values().for_each(read_value),
        ValueView::KeyValues(members) => members.iter().for_each(|(key, value)| {
            black_box(key);
            read_value(value);
        }),
        value => _ = black_box(value),
    }
}

fn read_attributes(attributes: Attributes<'_>) {
    black_box(attributes.get("no such key"));
    attributes.iter().for_each(|(key, value)| {
        black_box(key);
        read_value(value);
    });
}

fn read(batch: &Batch) {
    for span in batch.spans() {
        black_box((span.trace_id(), span.span_id(), span.parent_span_id(), span.trace_state(), span.flags()));
        black_box((span.name(), span.kind(), span.start_time(), span.end_time(), span.duration()));
        black_box((span.status_code(), span.status_message(), span.peer()));
        span.mapped_tags().for_each(|tag| _ = black_box(tag));
        read_attributes(span.attributes());
        for event in span.events() {
            black_box((event.time(), event.name(), event.dropped_attributes()));
            read_attributes(event.attributes());
        }
        for link in span.links() {
            black_box((link.trace_id(), link.span_id(), link.trace_state(), link.flags()));
            read_attributes(link.attributes());
        }
        read_attributes(span.scope().attributes());
        read_attributes(span.resource().attributes());
    }
}

#[test]
fn reading_every_field_of_a_batch_allocates_nothing() {
    let batch = every_span_shape();
    assert!(allocations_of(|| drop(black_box(vec![1]))) > 0, "this test counts");
    assert_eq!(allocations_of(|| read(&batch)), 0);
}

#[test]
fn writing_json_allocates_nothing_where_there_is_room() {
    let batch = every_span_shape();
    let mut out = String::with_capacity(1 << 16);
    let count = allocations_of(|| {
        for span in batch.spans() {
            span.trace_id().push_hex(&mut out);
            json::push_string(&mut out, span.name());
            json::push_u64(&mut out, span.start_time());
            json::push_object(&mut out, span.attributes().iter());
        }
    });
    assert_eq!(count, 0, "{out}");
}
