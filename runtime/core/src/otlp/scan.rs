//! The scan: a request is checked to the last byte, counted and indexed before anything of it is materialised.
//!
//! Constraints: memory taken while scanning is the index alone, and it is counted against the limit like the columns
//! that the rows will become; a request that is malformed anywhere is refused as a whole; a row with an invalid id is
//! rejected on its own, as OTLP's partial success says.
//!
//! Strings must be UTF-8: protobuf demands it, and a backend would refuse the whole request otherwise.

use bytes::Bytes;

use super::fields::{request, resource_rows, scope_rows};
use super::index::{self, ByteRange, Index, NO_TRACE_ID, Row, push_field};
use super::request::Request;
use super::wire::{Message, Read, Reader, Violation, What};
use super::{
    assemble,
    ids::{InvalidId, check, check_optional},
    tally::Tally,
    visit, walk,
};
use crate::signal::Signal;

/// What may be around a row, bytes: the fields of its scope, of its resource and of the request that are not rows. They
/// are copied with every selection of rows, so a large resource would come to be as many times as there are batches.
/// Four times the largest that is met: a resource with all arguments of a long command line.
pub const MAX_SURROUNDINGS_BYTES: usize = 256 << 10;

/// What a request may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLimits {
    /// Rows, invalid ones included and plain log records excluded.
    pub max_rows: u32,
    /// Bytes of the columns and the index that the rows become.
    pub max_decoded_bytes: usize,
    /// How many arrays and key-value lists may enclose one another in an attribute's value: 256 at most.
    pub max_depth: u32,
}

impl Default for ScanLimits {
    /// 65,536 rows, 64 MiB, 64 levels.
    fn default() -> Self {
        Self { max_rows: 65_536, max_decoded_bytes: 64 << 20, max_depth: 64 }
    }
}

/// A request that can be taken.
#[derive(Clone, Debug)]
pub struct Scanned {
    /// The valid rows: there may be none.
    pub request: Request,
    /// Rows left out because an id is invalid.
    pub rejected: u32,
    /// Why, for the first of them.
    pub rejected_reason: Option<String>,
    /// Log records left out because they have no event name.
    pub plain_logs: u32,
}

/// Why a request cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanErrorKind {
    /// It is not the message it should be.
    Malformed,
    /// It has too many rows, too many bytes once decoded, or too many bytes around a row.
    TooLarge,
    /// An attribute's value is nested too deeply.
    TooDeep,
}

/// Why and where a request cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (byte {offset} of the request)")]
pub struct ScanError {
    /// Byte offset from the start of the request.
    pub offset: usize,
    /// What was found, in which message, and what is allowed.
    pub what: String,
    /// Which answer it deserves.
    pub kind: ScanErrorKind,
}

/// Scans an ExportTraceServiceRequest or, for events, an ExportLogsServiceRequest.
pub fn scan(signal: Signal, bytes: Bytes, limits: &ScanLimits) -> Result<Scanned, ScanError> {
    let mut scan = Scan {
        signal,
        limits,
        tally: Tally::new(limits.max_depth),
        index: Index::default(),
        rows_seen: 0,
        rejected: 0,
        rejected_reason: None,
        plain_logs: 0,
    };
    scan.request(&bytes).and_then(|()| scan.check_surroundings()).map_err(|violation| describe(violation, limits))?;
    scan.index.counts = scan.tally.counts;
    let (rejected, plain_logs) = (scan.rejected, scan.plain_logs);
    let request = Request::new(signal, bytes, scan.index);
    let request = if rejected + plain_logs == 0 { request } else { assemble::without_unindexed(&request) };
    Ok(Scanned { request, rejected, rejected_reason: scan.rejected_reason, plain_logs })
}

fn describe(violation: Violation, limits: &ScanLimits) -> ScanError {
    let Violation { at, what, within } = violation;
    let (kind, what) = match what {
        What::Rows => (ScanErrorKind::TooLarge, format!("{what}: {} are allowed in a request", limits.max_rows)),
        What::Size => (ScanErrorKind::TooLarge, format!("{what}: {} bytes are allowed", limits.max_decoded_bytes)),
        What::Surroundings => (ScanErrorKind::TooLarge, format!("{what}: {MAX_SURROUNDINGS_BYTES} are allowed")),
        What::Depth => (ScanErrorKind::TooDeep, format!("{what}: {} levels are allowed", limits.max_depth)),
        what => (ScanErrorKind::Malformed, format!("malformed protobuf in {within}: {what}")),
    };
    ScanError { offset: at, what, kind }
}

struct Scan<'l> {
    signal: Signal,
    limits: &'l ScanLimits,
    tally: Tally,
    index: Index,
    rows_seen: u32,
    rejected: u32,
    rejected_reason: Option<String>,
    plain_logs: u32,
}

impl Scan<'_> {
    fn request(&mut self, bytes: &[u8]) -> Read<()> {
        let mut r = Reader::new(bytes, 0, bytes.len(), Message::Request);
        if bytes.len() >= u32::MAX as usize {
            return Err(r.violation(What::Size));
        }
        loop {
            let start = r.at();
            let Some(tag) = r.tag()? else { return Ok(()) };
            if tag == request::RESOURCES {
                let body = r.message(Message::Resource)?;
                self.resource(body)?;
            } else {
                r.skip(tag, request::KNOWN)?;
                push_field(&mut self.index.request_fields, 0, ByteRange::new(start, r.at()));
                self.check_size(&r)?;
            }
        }
    }

    /// A `ResourceSpans` or `ResourceLogs`. It is left out of the index if it has no rows.
    fn resource(&mut self, mut r: Reader<'_>) -> Read<()> {
        let (first_scope, first_field) = (self.index.scopes.len(), self.index.resource_fields.len());
        let mut row = visit::Resource::default();
        self.tally.counts.resources += 1;
        loop {
            self.check_size(&r)?;
            let start = r.at();
            let Some(tag) = r.tag()? else { break };
            if tag == resource_rows::SCOPES {
                let body = r.message(Message::Scope)?;
                self.scope(body)?;
            } else {
                walk::walk_resource_field(&mut r, tag, &mut self.tally, &mut row)?;
                push_field(&mut self.index.resource_fields, first_field, ByteRange::new(start, r.at()));
            }
        }
        if self.index.scopes.len() == first_scope {
            self.index.resource_fields.truncate(first_field);
        } else {
            let fields_end = self.index.resource_fields.len() as u32;
            self.index.resources.push(index::Resource { fields_end });
        }
        Ok(())
    }

    /// A `ScopeSpans` or `ScopeLogs`. It is left out of the index if it has no rows.
    fn scope(&mut self, mut r: Reader<'_>) -> Read<()> {
        let (first_row, first_field) = (self.index.rows.len(), self.index.scope_fields.len());
        let mut row = visit::Scope::default();
        self.tally.counts.scopes += 1;
        loop {
            let start = r.at();
            let Some(tag) = r.tag()? else { break };
            if tag == scope_rows::ROWS {
                self.row(&mut r)?;
            } else {
                walk::walk_scope_field(&mut r, tag, &mut self.tally, &mut row)?;
                push_field(&mut self.index.scope_fields, first_field, ByteRange::new(start, r.at()));
            }
            self.check_size(&r)?;
        }
        if self.index.rows.len() == first_row {
            self.index.scope_fields.truncate(first_field);
        } else {
            let fields_end = self.index.scope_fields.len() as u32;
            let resource = self.index.resources.len() as u32;
            self.index.scopes.push(index::Scope { fields_end, resource });
        }
        Ok(())
    }

    /// A span or log record. What is left out is not counted.
    fn row(&mut self, r: &mut Reader<'_>) -> Read<()> {
        let counted = self.tally.counts;
        let verdict = match self.signal {
            Signal::Spans | Signal::StartedSpans => self.span(r.message(Message::Span)?)?,
            Signal::Events => self.log_record(r.message(Message::LogRecord)?)?,
        };
        match verdict {
            Verdict::Plain => {
                self.plain_logs += 1;
                self.tally.counts = counted;
                return Ok(());
            }
            Verdict::Invalid(reason) => {
                self.tally.counts = counted;
                self.rejected += 1;
                if self.rejected_reason.is_none() {
                    self.rejected_reason = Some(format!("row {}: {reason}", self.rows_seen));
                }
            }
            Verdict::Valid(row) => self.index.rows.push(row),
        }
        self.rows_seen += 1;
        if self.rows_seen > self.limits.max_rows { Err(r.violation(What::Rows)) } else { Ok(()) }
    }

    fn span(&mut self, r: Reader<'_>) -> Read<Verdict> {
        self.tally.counts.spans += 1;
        self.tally.invalid_link = None;
        let span = walk::walk_span(r, &mut self.tally)?;
        let ids = check("trace_id", span.trace_id, 16)
            .and_then(|()| check("span_id", span.span_id, 8))
            .and_then(|()| check_optional("parent_span_id", span.parent_span_id, 8))
            .and_then(|()| self.tally.invalid_link.map_or(Ok(()), Err));
        Ok(ids.map_or_else(Verdict::Invalid, |()| self.valid(&r, span.trace_id_at as u32)))
    }

    fn log_record(&mut self, r: Reader<'_>) -> Read<Verdict> {
        self.tally.counts.events += 1;
        let event = walk::walk_event(r, &mut self.tally)?;
        if event.name[1] == 0 {
            return Ok(Verdict::Plain);
        }
        let ids =
            check_optional("trace_id", event.trace_id, 16).and_then(|()| check_optional("span_id", event.span_id, 8));
        let has_trace_id = event.trace_id.iter().any(|byte| *byte != 0);
        let trace_id = if has_trace_id { event.trace_id_at as u32 } else { NO_TRACE_ID };
        Ok(ids.map_or_else(Verdict::Invalid, |()| self.valid(&r, trace_id)))
    }

    fn valid(&self, r: &Reader<'_>, trace_id: u32) -> Verdict {
        let body = ByteRange::new(r.at(), r.end());
        Verdict::Valid(Row { body, trace_id, scope: self.index.scopes.len() as u32 })
    }

    /// Once all is read: fields of a message may follow its rows.
    fn check_surroundings(&self) -> Read<()> {
        let too_large = self.index.surroundings().position(|bytes| bytes > MAX_SURROUNDINGS_BYTES);
        let Some(scope) = too_large else { return Ok(()) };
        let first = self.index.rows.partition_point(|row| (row.scope as usize) < scope);
        let at = self.index.rows.get(first).map_or(0, |row| row.body.start as usize);
        Err(Violation { at, what: What::Surroundings, within: Message::Scope })
    }

    fn check_size(&self, r: &Reader<'_>) -> Read<()> {
        let size = self.tally.counts.size() + self.index.size() as u64;
        if size > self.limits.max_decoded_bytes as u64 { Err(r.violation(What::Size)) } else { Ok(()) }
    }
}

enum Verdict {
    Valid(Row),
    Invalid(InvalidId),
    Plain,
}
