//! What HTTP and gRPC share: slots, admission, decoding, handing on, counting.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{
    body::{self, BodyLimits},
    budget::{Budget, Charge},
    decode::{Decoded, Payload, decode},
    encoding::Encoding,
    endpoint::Endpoint,
    failure::Failure,
    security::Credentials,
    slots::{ConnectionSlots, Slot, Slots},
    stats::{Outcome, ReceiverStats},
};
use crate::{
    config::{self, OtherSignals},
    telemetry::{Level, Log, SparingLog, Sparingly},
};
use bytes::Bytes;
use http::{Extensions, HeaderMap};
use hyper::body::Body;
use spangate_core::{batch::Metadata, consumer::Consumer};

/// Longest request that is decoded where it was read. Handing it to a thread for blocking work wakes two threads; a larger
/// one would keep other connections of this worker waiting for more than a tenth of a millisecond.
const MAX_INLINE_BYTES: usize = 256 * 1024;
/// The same for JSON, which is rewritten first.
const MAX_INLINE_JSON_BYTES: usize = 64 * 1024;
/// The same for one in gzip, which may become a thousand times as long. One in zstd may become any length.
const MAX_INLINE_GZIP_BYTES: usize = 1024;

/// Takes requests of one receiver.
pub(super) struct Intake {
    pub(super) config: config::Receiver,
    pub(super) stats: Arc<ReceiverStats>,
    consumer: Arc<dyn Consumer>,
    log: Log,
    target: &'static str,
    slots: Slots,
    budget: Arc<Budget>,
    credentials: Credentials,
    unauthenticated: SparingLog,
    refused_pages: SparingLog,
    has_told_of_plain_logs: AtomicBool,
    has_told_of_metrics: AtomicBool,
}

/// A request that was let in: its slot and the bytes it holds. It goes along to wherever the work is done.
pub(super) struct Admitted {
    _slot: Slot,
    charge: Charge,
}

/// What became of a request that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Rows that were not taken and must not be sent again.
    pub(super) rejected: u64,
    /// Why; empty if there are none.
    pub(super) reason: String,
}

impl Intake {
    pub(super) fn new(
        config: config::Receiver,
        consumer: Arc<dyn Consumer>,
        log: Log,
        target: &'static str,
        stats: Arc<ReceiverStats>,
        credentials: Credentials,
    ) -> Self {
        let slots = Slots::new(config.max_concurrent_requests);
        let sparing = |log: &Log| SparingLog::new(target, Sparingly::ON_STRANGERS, log.clone());
        let (unauthenticated, refused_pages) = (sparing(&log), sparing(&log));
        let (has_told_of_plain_logs, has_told_of_metrics) = Default::default();
        let budget = Budget::new(config.max_inflight_bytes);
        Self {
            config,
            stats,
            consumer,
            log,
            target,
            slots,
            budget,
            credentials,
            unauthenticated,
            refused_pages,
            has_told_of_plain_logs,
            has_told_of_metrics,
        }
    }

    /// Lets a sender in who may send. Asked before anything else, so that a stranger learns nothing and costs nothing.
    ///
    /// # Errors
    /// Unauthenticated.
    pub(super) fn authenticate(&self, headers: &HeaderMap) -> Result<(), Failure> {
        self.credentials.authenticate(headers).map_err(Failure::Unauthenticated)
    }

    /// Counts a page that may not send, and says why: in the browser nobody would find out.
    pub(super) fn refuse_page(&self, why: &str) {
        self.stats.preflights_refused.add(1);
        self.refused_pages.complain(format_args!("a page in a browser was refused: {why}"));
    }

    /// Decides whether a request may be read at all. Its extensions say which connection it is of.
    ///
    /// # Errors
    /// The signal is not taken here, all slots are taken, or the consumer refuses.
    pub(super) async fn admit(&self, endpoint: Endpoint, extensions: &Extensions) -> Result<Admitted, Failure> {
        if endpoint == Endpoint::Metrics && self.config.other_signals == OtherSignals::Refuse {
            self.tell_of_metrics();
            return Err(Failure::NotFound("metrics are not taken here, only spans and events".to_owned()));
        }
        let of = extensions.get::<ConnectionSlots>().cloned().unwrap_or_default();
        let slot = self.slots.take(&of).await?;
        if let Some(signal) = endpoint.signal() {
            self.consumer.admit(signal).map_err(Failure::Refused)?;
        }
        Ok(Admitted { _slot: slot, charge: self.budget.open() })
    }

    /// Reads a whole body; its bytes are counted as they come in, and charged.
    ///
    /// # Errors
    /// As [`body::read`]; if all requests together hold more than they may; if it takes long and others wait.
    pub(super) async fn read<B>(&self, body: B, limits: BodyLimits, by: &mut Admitted) -> Result<Vec<u8>, Failure>
    where
        B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
    {
        let reading = self.slots.begin_reading();
        let count = |bytes: usize| {
            self.stats.bytes_received.add(bytes as u64);
            by.charge.add(bytes)
        };
        tokio::select! {
            biased;
            whole = body::read(body, limits, count) => whole,
            displaced = reading.displaced() => Err(displaced),
        }
    }

    /// Decodes a request and hands its rows on. Nothing is awaited after the consumer took them, so that a request is
    /// never taken and then answered as if it were not.
    ///
    /// # Errors
    /// Malformed, too large, refused, or (plain log records alone, if those are refused) not found.
    pub(super) async fn take(
        &self,
        endpoint: Endpoint,
        payload: Payload,
        metadata: Metadata,
        mut by: Admitted,
    ) -> Result<Taken, Failure> {
        let allowed = match payload.encoding {
            Encoding::Identity if payload.is_json => MAX_INLINE_JSON_BYTES,
            Encoding::Identity => MAX_INLINE_BYTES,
            Encoding::Gzip => MAX_INLINE_GZIP_BYTES,
            Encoding::Zstd => 0,
        };
        let decoded = if payload.bytes.len() <= allowed {
            decode(endpoint, payload, &self.config, &mut by.charge)?
        } else {
            let config = self.config.clone();
            let work = move || {
                let decoded = decode(endpoint, payload, &config, &mut by.charge);
                // Held until the work is done, even if the sender has gone away meanwhile.
                drop(by);
                decoded
            };
            #[expect(clippy::disallowed_methods, reason = "as many as there are slots; a scan ends with its bytes")]
            let done = tokio::task::spawn_blocking(work);
            done.await.map_err(|error| Failure::Failed(format!("decoding failed: {error}")))??
        };
        match decoded {
            Decoded::DataPoints(count) => Ok(self.drop_metrics(count)),
            Decoded::Rows(scanned) => self.hand_on(endpoint, scanned, metadata),
        }
    }

    fn hand_on(
        &self,
        endpoint: Endpoint,
        scanned: spangate_core::otlp::Scanned,
        metadata: Metadata,
    ) -> Result<Taken, Failure> {
        let rows = scanned.request.rows();
        if let Some(signal) = endpoint.signal().filter(|_| rows > 0) {
            self.consumer.consume(signal, scanned.request, metadata).map_err(Failure::Refused)?;
        }
        let received = match endpoint {
            Endpoint::Traces => &self.stats.spans_received,
            _ => &self.stats.events_received,
        };
        received.add(u64::from(rows));
        self.stats.rows_rejected.add(u64::from(scanned.rejected));
        self.stats.plain_logs_dropped.add(u64::from(scanned.plain_logs));
        if scanned.plain_logs > 0 {
            self.tell_of_plain_logs();
            let nothing_else = rows == 0 && scanned.rejected == 0;
            if nothing_else && self.config.other_signals == OtherSignals::Refuse {
                let message = "plain log records are not taken here, only events: log records with an event name";
                return Err(Failure::NotFound(message.to_owned()));
            }
        }
        let mut reasons = Vec::new();
        if scanned.rejected > 0 {
            let first = scanned.rejected_reason.as_deref().unwrap_or("invalid");
            reasons.push(format!("{} rejected: {first}", scanned.rejected));
        }
        if scanned.plain_logs > 0 {
            reasons.push(format!("{} plain log records are not exported", scanned.plain_logs));
        }
        let rejected = u64::from(scanned.rejected) + u64::from(scanned.plain_logs);
        Ok(Taken { rejected, reason: reasons.join("; ") })
    }

    fn drop_metrics(&self, data_points: u64) -> Taken {
        if data_points == 0 {
            return Taken::default();
        }
        self.stats.metric_points_dropped.add(data_points);
        self.tell_of_metrics();
        Taken { rejected: data_points, reason: format!("{data_points} metric data points are not exported") }
    }

    /// Counts a request by how it ended, and says what a sender did wrong.
    pub(super) fn settle(&self, result: &Result<Taken, Failure>) {
        let outcome = match result {
            Ok(taken) if taken.rejected > 0 => Outcome::Partial,
            Ok(_) => Outcome::Accepted,
            Err(failure) => failure.outcome(),
        };
        self.stats.count_request(outcome);
        if let Err(Failure::Unauthenticated(shown)) = result {
            let message = format_args!("a sender was not let in: {}", shown.message());
            self.unauthenticated.complain(message);
        } else if let Err(failure) = result {
            let level = if outcome == Outcome::Failed { Level::Error } else { Level::Debug };
            let message = failure.message();
            self.log.say(level, self.target, format_args!("request not taken, {}: {message}", outcome.as_str()));
        }
    }

    fn tell_of_plain_logs(&self) {
        if !self.has_told_of_plain_logs.swap(true, Ordering::Relaxed) {
            let message = "plain log records arrive, and no exporter takes them: only those with an event name are \
                taken; the others are counted and their senders told; this is said once";
            self.log.say(Level::Warn, self.target, format_args!("{message}"));
        }
    }

    fn tell_of_metrics(&self) {
        if !self.has_told_of_metrics.swap(true, Ordering::Relaxed) {
            let message = "metrics arrive, and no exporter takes them: they are counted and their senders told; \
                this is said once";
            self.log.say(Level::Warn, self.target, format_args!("{message}"));
        }
    }
}

/// Counts a request whose sender went away while it was being answered.
pub(super) struct Unsettled<'a> {
    intake: Option<&'a Intake>,
}

impl<'a> Unsettled<'a> {
    pub(super) fn new(intake: &'a Intake) -> Self {
        Self { intake: Some(intake) }
    }

    /// The request came to an end.
    pub(super) fn settle(mut self, result: &Result<Taken, Failure>) {
        if let Some(intake) = self.intake.take() {
            intake.settle(result);
        }
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        if let Some(intake) = self.intake {
            intake.stats.count_request(Outcome::Disconnected);
        }
    }
}

impl Payload {
    /// A body as it came.
    pub(super) fn new(bytes: impl Into<Bytes>, encoding: Encoding, is_json: bool) -> Self {
        Self { bytes: bytes.into(), encoding, is_json }
    }
}
