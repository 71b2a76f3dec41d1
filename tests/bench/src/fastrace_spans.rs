//! The other rival next door: fastrace, of which a process has one.

use std::{borrow::Cow, hint::black_box, time::Duration};

use fastrace::{
    Span,
    collector::{Config, Reporter, SpanContext, SpanRecord},
};

/// Takes everything and keeps nothing.
pub(crate) struct Discard;

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        drop(spans);
    }
}

/// Has everything from here on reported there, and only when it is flushed or a lot has come together.
pub(crate) fn report_to(reporter: impl Reporter) {
    fastrace::set_reporter(reporter, Config::default().report_interval(Duration::from_secs(3_600)));
}

/// A root span with the same attributes as ours. To fastrace all values are texts.
#[inline]
pub(crate) fn record(is_sampled: bool) {
    let context = SpanContext::random().sampled(is_sampled);
    drop(Span::root("POST /api/v1/orders", context).with_properties(|| {
        let own = |text: String| Cow::<'static, str>::Owned(text);
        [
            ("http.request.method", Cow::Borrowed("POST")),
            ("url.path", Cow::Borrowed("/api/v1/orders/42")),
            ("server.address", Cow::Borrowed("orders.shop.example")),
            ("user_agent.original", Cow::Borrowed("shop-app/5.2 (mobile)")),
            ("http.response.status_code", own(black_box(200_i64).to_string())),
            ("server.port", own(black_box(8443_i64).to_string())),
            ("order.items", own(black_box(7_i64).to_string())),
            ("order.total", own(black_box(129.95).to_string())),
            ("cache.hit_ratio", own(black_box(0.875).to_string())),
            ("order.is_gift", own(black_box(false).to_string())),
        ]
    }));
}
