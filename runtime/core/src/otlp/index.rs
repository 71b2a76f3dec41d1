//! A light index over the bytes of a request: where the rows are, which scope and resource they belong to, and which
//! bytes around them are kept when rows are taken out.

use crate::columns::Counts;

/// A byte range of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl ByteRange {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    pub(super) fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    pub(super) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// A span or log record: the body of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) body: ByteRange,
    /// Where its 16 bytes of trace id are, [`NO_TRACE_ID`] if it has none.
    pub(super) trace_id: u32,
    /// Row in [`Index::scopes`], ascending.
    pub(super) scope: u32,
}

pub(super) const NO_TRACE_ID: u32 = u32::MAX;

/// A `ScopeSpans` or `ScopeLogs` message that has rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// End of its fields in [`Index::scope_fields`], a prefix sum.
    pub(super) fields_end: u32,
    /// Row in [`Index::resources`], ascending.
    pub(super) resource: u32,
}

/// A `ResourceSpans` or `ResourceLogs` message that has rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// End of its fields in [`Index::resource_fields`], a prefix sum.
    pub(super) fields_end: u32,
}

/// The index. Fields are byte ranges of whole fields, tags included, that are not rows, scopes or resources: they are
/// kept verbatim, those that OTLP does not know included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) rows: Vec<Row>,
    pub(super) scopes: Vec<Scope>,
    pub(super) resources: Vec<Resource>,
    pub(super) scope_fields: Vec<ByteRange>,
    pub(super) resource_fields: Vec<ByteRange>,
    pub(super) request_fields: Vec<ByteRange>,
    /// What the rows' columns will take: exact after a scan, a guess after a selection.
    pub(super) counts: Counts,
}

impl Index {
    /// The fields of a scope that are not rows.
    pub(super) fn fields_of_scope(&self, scope: usize) -> &[ByteRange] {
        let start = scope.checked_sub(1).and_then(|before| self.scopes.get(before)).map_or(0, |it| it.fields_end);
        let end = self.scopes.get(scope).map_or(0, |it| it.fields_end);
        self.scope_fields.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The fields of a resource that are not scopes.
    pub(super) fn fields_of_resource(&self, resource: usize) -> &[ByteRange] {
        let start = resource.checked_sub(1).and_then(|before| self.resources.get(before)).map_or(0, |it| it.fields_end);
        let end = self.resources.get(resource).map_or(0, |it| it.fields_end);
        self.resource_fields.get(start as usize..end as usize).unwrap_or_default()
    }

    /// For each scope the bytes around its rows: the fields of the request, of its resource and its own. A request that
    /// has one of the rows has all of them.
    pub(super) fn surroundings(&self) -> impl Iterator<Item = usize> {
        let request = total(&self.request_fields);
        let mut latest = None;
        self.scopes.iter().enumerate().map(move |(scope, of)| {
            // Scopes of one resource are neighbours: its fields are added up once.
            let resource = match latest {
                Some((number, bytes)) if number == of.resource => bytes,
                _ => total(self.fields_of_resource(of.resource as usize)),
            };
            latest = Some((of.resource, resource));
            request + resource + total(self.fields_of_scope(scope))
        })
    }

    /// Bytes in use.
    pub(super) fn size(&self) -> usize {
        size_of_val(&*self.rows)
            + size_of_val(&*self.scopes)
            + size_of_val(&*self.resources)
            + size_of_val(&*self.scope_fields)
            + size_of_val(&*self.resource_fields)
            + size_of_val(&*self.request_fields)
    }
}

/// Bytes of fields.
pub(super) fn total(fields: &[ByteRange]) -> usize {
    fields.iter().map(|field| field.len()).sum()
}

/// Adds a field behind the others, as one range if they are neighbours. Ranges before `first` belong to another message.
pub(super) fn push_field(fields: &mut Vec<ByteRange>, first: usize, field: ByteRange) {
    match fields.get_mut(first..).and_then(<[ByteRange]>::last_mut) {
        Some(last) if last.end == field.start => last.end = field.end,
        _ => fields.push(field),
    }
}
