//! Spans of as many attributes as are asked for.

use std::hint::black_box;

use spangate_core::tracer::Tracer;

use crate::recording::record;

/// How many attributes a span of [`crate::samples`] has.
const USUAL: u32 = 10;
/// Most attributes of a span.
pub(super) const MOST: u32 = 64;

/// Eight keys of one part of a program.
macro_rules! keys {
    ($($part:literal),+) => {
        [$(
            concat!($part, ".id"), concat!($part, ".name"), concat!($part, ".status_code"), concat!($part, ".size"),
            concat!($part, ".duration_ms"), concat!($part, ".region"), concat!($part, ".retry_count"),
            concat!($part, ".is_cached"),
        )+]
    };
}

/// Of many lengths, as keys are.
const KEYS: [&str; MOST as usize] =
    keys!("http", "order", "payment", "db", "messaging.batch", "customer.account", "cart", "shipping.provider");

/// Records one span. Of ten attributes four are texts, three integers, two fractions and one a truth value.
pub(super) fn record_with(tracer: &Tracer, attributes: u32) {
    if attributes == USUAL {
        return record(tracer);
    }
    let mut span = tracer.span("POST /api/v1/orders").start();
    for (number, key) in KEYS.iter().take(attributes as usize).enumerate() {
        match number % USUAL as usize {
            0..4 => span.set_attribute(*key, "orders.shop.example"),
            4..7 => span.set_attribute(*key, black_box(8443_i64)),
            7..9 => span.set_attribute(*key, black_box(129.95)),
            _ => span.set_attribute(*key, black_box(false)),
        };
    }
}
