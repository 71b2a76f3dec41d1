//! Requests from parts of requests: byte ranges are copied, nothing is decoded.
//!
//! What is not a row is kept verbatim, fields that OTLP does not know included, and written before the rows of its
//! message. A scope or resource of which no row is left is dropped. Joining relies on protobuf's rule that concatenated
//! messages are one message with the repeated fields of both.

use std::ops::Range;

use bytes::Bytes;

use super::fields::{request, resource_rows, scope_rows};
use super::index::{ByteRange, Index, NO_TRACE_ID, Resource, Row, Scope, total};
use super::request::Request;

/// The request with exactly its indexed rows: what a scan left out of the index is left out of the bytes.
pub(super) fn without_unindexed(request: &Request) -> Request {
    let rows: Vec<u32> = (0..request.rows()).collect();
    Assembly::plan(request, &rows).write()
}

impl Request {
    /// The rows in ascending order, each once, whatever the order asked for. Rows that do not exist are ignored.
    pub fn select(&self, rows: &[u32]) -> Self {
        let is_ascending = rows.is_sorted_by(|a, b| a < b) && rows.last().is_none_or(|last| *last < self.rows());
        if is_ascending {
            return if rows.len() == self.rows() as usize { self.clone() } else { Assembly::plan(self, rows).write() };
        }
        let mut sorted: Vec<u32> = rows.iter().copied().filter(|row| *row < self.rows()).collect();
        sorted.sort_unstable();
        sorted.dedup();
        self.select(&sorted)
    }

    /// All rows of all requests in order, as one. None if there are no requests, if they are of different signals, or
    /// if together they reach 4 GiB.
    pub fn join(requests: &[Self]) -> Option<Self> {
        let [first, rest @ ..] = requests else { return None };
        if rest.is_empty() {
            return Some(first.clone());
        }
        let total: usize = requests.iter().map(|request| request.bytes().len()).sum();
        if total >= u32::MAX as usize || rest.iter().any(|request| request.signal() != first.signal()) {
            return None;
        }
        let mut bytes = Vec::with_capacity(total);
        let mut index = Index::default();
        for request in requests {
            append_index(&mut index, request.index(), bytes.len() as u32);
            bytes.extend_from_slice(request.bytes());
        }
        Some(Request::new(first.signal(), Bytes::from(bytes), index))
    }

    /// The most that a row adds to the size of a part whose last row is `last`, or that has none.
    pub fn added_size(&self, row: u32, last: Option<u32>) -> usize {
        /// A tag and the longest length.
        const HEADER: usize = 1 + 5;
        let index = self.index();
        let at = |row: u32| index.rows.get(row as usize).map(|row| (row.scope, index.scopes.get(row.scope as usize)));
        let (Some(row), Some((scope, Some(of)))) = (index.rows.get(row as usize), at(row)) else { return 0 };
        let last = last.and_then(at);
        let mut size = field_length(row.body.len()) + size_of::<Row>();
        if last.is_none_or(|(last, _)| last != scope) {
            size += HEADER + total(index.fields_of_scope(scope as usize)) + size_of::<Scope>() + size_of::<ByteRange>();
        }
        if last.and_then(|(_, last)| last).is_none_or(|last| last.resource != of.resource) {
            let fields = total(index.fields_of_resource(of.resource as usize));
            size += HEADER + fields + size_of::<Resource>() + size_of::<ByteRange>();
        }
        if last.is_none() {
            size += total(&index.request_fields) + size_of::<ByteRange>();
        }
        size
    }
}

/// Appends an index whose request begins at `base` of the joined bytes.
fn append_index(index: &mut Index, more: &Index, base: u32) {
    let moved = |range: &ByteRange| ByteRange { start: range.start + base, end: range.end + base };
    let scopes = index.scopes.len() as u32;
    let resources = index.resources.len() as u32;
    let (scope_fields, resource_fields) = (index.scope_fields.len() as u32, index.resource_fields.len() as u32);
    index.rows.extend(more.rows.iter().map(|row| Row {
        body: moved(&row.body),
        trace_id: if row.trace_id == NO_TRACE_ID { NO_TRACE_ID } else { row.trace_id + base },
        scope: row.scope + scopes,
    }));
    index.scopes.extend(
        more.scopes
            .iter()
            .map(|scope| Scope { fields_end: scope.fields_end + scope_fields, resource: scope.resource + resources }),
    );
    index
        .resources
        .extend(more.resources.iter().map(|resource| Resource { fields_end: resource.fields_end + resource_fields }));
    index.scope_fields.extend(more.scope_fields.iter().map(moved));
    index.resource_fields.extend(more.resource_fields.iter().map(moved));
    index.request_fields.extend(more.request_fields.iter().map(moved));
    index.counts = index.counts.plus(&more.counts);
}

/// A message to write: which one of the old index, which rows (or scopes) of the plan it holds, how long its body is.
struct Part {
    old: u32,
    holds: Range<usize>,
    length: usize,
}

struct Assembly<'a> {
    request: &'a Request,
    rows: &'a [u32],
    scopes: Vec<Part>,
    resources: Vec<Part>,
}

impl<'a> Assembly<'a> {
    /// Groups the rows, which are ascending and exist, and computes the length of every message.
    fn plan(request: &'a Request, rows: &'a [u32]) -> Self {
        let index = request.index();
        let mut scopes: Vec<Part> = Vec::new();
        for (at, row) in rows.iter().enumerate() {
            let row = index.rows[*row as usize];
            if scopes.last().is_none_or(|scope| scope.old != row.scope) {
                let length = total(index.fields_of_scope(row.scope as usize));
                scopes.push(Part { old: row.scope, holds: at..at, length });
            }
            if let Some(scope) = scopes.last_mut() {
                scope.holds.end = at + 1;
                scope.length += field_length(row.body.len());
            }
        }
        let mut resources: Vec<Part> = Vec::new();
        for (at, scope) in scopes.iter().enumerate() {
            let old = index.scopes[scope.old as usize].resource;
            if resources.last().is_none_or(|resource| resource.old != old) {
                let length = total(index.fields_of_resource(old as usize));
                resources.push(Part { old, holds: at..at, length });
            }
            if let Some(resource) = resources.last_mut() {
                resource.holds.end = at + 1;
                resource.length += field_length(scope.length);
            }
        }
        Self { request, rows, scopes, resources }
    }

    fn write(&self) -> Request {
        let bytes = self.request.bytes();
        let (old, mut new) = (self.request.index(), Index::default());
        new.counts = old.counts.scaled(self.rows.len() as u32, old.rows.len() as u32);
        new.rows.reserve(self.rows.len());
        let length = self.resources.iter().map(|resource| field_length(resource.length)).sum::<usize>();
        let mut out = Vec::with_capacity(length + total(&old.request_fields));
        copy_fields(&mut out, bytes, &old.request_fields, &mut new.request_fields);
        for resource in &self.resources {
            push_header(&mut out, request::RESOURCES, resource.length);
            copy_fields(&mut out, bytes, old.fields_of_resource(resource.old as usize), &mut new.resource_fields);
            for scope in &self.scopes[resource.holds.clone()] {
                self.write_scope(scope, &mut out, &mut new);
            }
            new.resources.push(Resource { fields_end: new.resource_fields.len() as u32 });
        }
        Request::new(self.request.signal(), Bytes::from(out), new)
    }

    fn write_scope(&self, scope: &Part, out: &mut Vec<u8>, new: &mut Index) {
        let old = self.request.index();
        push_header(out, resource_rows::SCOPES, scope.length);
        copy_fields(out, self.request.bytes(), old.fields_of_scope(scope.old as usize), &mut new.scope_fields);
        for row in &self.rows[scope.holds.clone()] {
            let row = old.rows[*row as usize];
            push_header(out, scope_rows::ROWS, row.body.len());
            let start = out.len();
            out.extend_from_slice(row.body.of(self.request.bytes()));
            let trace_id = match row.trace_id {
                NO_TRACE_ID => NO_TRACE_ID,
                at => start as u32 + (at - row.body.start),
            };
            new.rows.push(Row { body: ByteRange::new(start, out.len()), trace_id, scope: new.scopes.len() as u32 });
        }
        let fields_end = new.scope_fields.len() as u32;
        new.scopes.push(Scope { fields_end, resource: new.resources.len() as u32 });
    }
}

fn copy_fields(out: &mut Vec<u8>, bytes: &[u8], fields: &[ByteRange], new: &mut Vec<ByteRange>) {
    let start = out.len();
    for field in fields {
        out.extend_from_slice(field.of(bytes));
    }
    if out.len() > start {
        new.push(ByteRange::new(start, out.len()));
    }
}

/// Bytes of a length-delimited field with a tag of one byte.
fn field_length(body: usize) -> usize {
    1 + varint_length(body) + body
}

fn varint_length(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

fn push_header(out: &mut Vec<u8>, tag: u32, length: usize) {
    out.push(tag as u8);
    let mut left = length;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}
