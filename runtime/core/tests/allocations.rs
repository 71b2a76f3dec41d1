//! Recording allocates nothing once a thread has recorded its like before.
#![expect(unsafe_code, reason = "counting allocations takes an allocator, and its trait is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
};

use spangate_core::{
    attribute::KeyValue,
    clock::ManualClock,
    intake::{Intake, IntakeOptions},
    processor::SpanProcessor,
    sampler::{AlwaysOff, AlwaysOn, Sampler},
    tracer::Tracer,
};

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

fn allocations(run: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

fn tracer(sampler: impl Sampler + 'static) -> (Arc<Intake>, Tracer) {
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    let processor: Arc<dyn SpanProcessor> = intake.clone();
    (intake, Tracer::builder(Arc::new(ManualClock::default()), processor).sampler(sampler).build())
}

/// A trace of three spans that uses everything a span has.
fn record(tracer: &Tracer) {
    let mut root = tracer.span("root").start();
    for name in ["first", "second"] {
        let mut child = tracer.span(name).child_of(&root).attribute("early", 1i64).start();
        child.set_attributes([KeyValue::new("text", "constant"), KeyValue::new("number", 2.5)]);
        child.set_attribute("text", "replaced");
        child.add_event("event", [KeyValue::new("flag", true)]);
        child.add_link(root.context().clone(), [KeyValue::new("flag", false)]);
        child.end();
    }
    root.set_attribute("late", 1i64);
}

#[test]
fn in_the_steady_state_a_sampled_span_allocates_nothing() {
    let (intake, tracer) = tracer(AlwaysOn);
    (0..150).for_each(|_| record(&tracer));
    assert_eq!(intake.take_all().iter().map(|chunk| chunk.rows).sum::<u32>(), 450);
    assert_eq!(allocations(|| (0..150).for_each(|_| record(&tracer))), 0);
    assert_eq!(intake.take_all().iter().map(|chunk| chunk.rows).sum::<u32>(), 450);
}

#[test]
fn a_span_that_is_not_sampled_allocates_nothing() {
    let (intake, tracer) = tracer(AlwaysOff);
    record(&tracer);
    assert_eq!(allocations(|| (0..150).for_each(|_| record(&tracer))), 0);
    assert!(intake.take_all().is_empty());
}

#[test]
fn the_allocator_counts() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new(1)))) > 0);
}
