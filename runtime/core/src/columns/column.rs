//! Columns by the names that operators know them by.

/// What a batch has to read, in an operator's words. A name stands for the same thing in every table that has it.
///
/// How many rows there are, which scope and resource each belongs to, and how many attributes, events and links were
/// dropped before they came here is no column: it holds the others together and says nothing about what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Trace ids of spans, links and events.
    TraceId,
    /// Span ids of spans, links and events.
    SpanId,
    /// Span ids of parents.
    ParentSpanId,
    /// W3C `tracestate` of spans and links.
    TraceState,
    /// Flags of spans, links and events.
    Flags,
    /// Names of spans, of events, and of events inside spans.
    Name,
    /// Kinds of spans.
    Kind,
    /// Every time there is.
    Time,
    /// Codes of statuses.
    StatusCode,
    /// What the application says with a status.
    StatusMessage,
    /// Attributes of spans, of events, and of what is inside spans.
    Attributes,
    /// Events inside spans: the whole table.
    SpanEvents,
    /// Links of spans: the whole table.
    SpanLinks,
    /// Name, version, schema URL and attributes of instrumentation scopes.
    Scope,
    /// Schema URL and attributes of resources.
    Resource,
    /// Severities of events, number and text.
    Severity,
    /// Bodies of events.
    Body,
}

impl Column {
    /// Every column, in the order of their declaration.
    pub const ALL: [Self; 17] = [
        Self::TraceId,
        Self::SpanId,
        Self::ParentSpanId,
        Self::TraceState,
        Self::Flags,
        Self::Name,
        Self::Kind,
        Self::Time,
        Self::StatusCode,
        Self::StatusMessage,
        Self::Attributes,
        Self::SpanEvents,
        Self::SpanLinks,
        Self::Scope,
        Self::Resource,
        Self::Severity,
        Self::Body,
    ];

    /// The column's name in the configuration, in `/status` and in what is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TraceId => "trace_id",
            Self::SpanId => "span_id",
            Self::ParentSpanId => "parent_span_id",
            Self::TraceState => "trace_state",
            Self::Flags => "flags",
            Self::Name => "name",
            Self::Kind => "kind",
            Self::Time => "time",
            Self::StatusCode => "status_code",
            Self::StatusMessage => "status_message",
            Self::Attributes => "attributes",
            Self::SpanEvents => "span_events",
            Self::SpanLinks => "span_links",
            Self::Scope => "scope",
            Self::Resource => "resource",
            Self::Severity => "severity",
            Self::Body => "body",
        }
    }
}

/// Some columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ColumnSet(u32);

impl ColumnSet {
    /// All of them.
    pub const ALL: Self = Self((1 << Column::ALL.len()) - 1);
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Whether a column is among them.
    #[inline]
    pub fn contains(self, column: Column) -> bool {
        self.0 >> column as u32 & 1 == 1
    }

    /// These without one.
    #[must_use]
    pub fn without(self, column: Column) -> Self {
        Self(self.0 & !(1 << column as u32))
    }

    /// The columns, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.into_iter().filter(move |column| self.contains(*column))
    }
}

/// Nobody is narrowed unasked.
impl Default for ColumnSet {
    fn default() -> Self {
        Self::ALL
    }
}

impl FromIterator<Column> for ColumnSet {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        Self(columns.into_iter().fold(0, |set, column| set | 1 << column as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it_and_every_column_has_a_name_of_its_own() {
        let some: ColumnSet = [Column::Body, Column::TraceId, Column::Body].into_iter().collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), [Column::TraceId, Column::Body]);
        assert_eq!(Column::ALL.into_iter().collect::<ColumnSet>(), ColumnSet::ALL);
        assert_eq!(some.without(Column::Body).without(Column::TraceId), ColumnSet::NONE);
        let names: std::collections::BTreeSet<_> = Column::ALL.map(Column::as_str).into();
        assert_eq!(names.len(), Column::ALL.len());
    }
}
