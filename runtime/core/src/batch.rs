//! A batch: an immutable value that is cut once for all exporters and read through lazy, shared views.
//!
//! A batch is kept as it came: recorded spans are columns, received OTLP requests are bytes with a light index. The
//! other views are built when the first exporter asks, and shared by all who have it then.
//!
//! A view may take ten times what the batch takes, and a queue's account does not know it. Therefore what waits is lent
//! ([`Batch::lend`]) for each attempt: the views belong to those it is lent to and go with the last of them.

use std::{
    ops::Range,
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use bytes::Bytes;

use crate::{
    columns::{Columns, pair},
    intake::Records,
    narrow::ShownBatches,
    otlp,
    signal::Signal,
};

/// Sixteen bytes, the same for every attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub [u8; 16]);

impl BatchId {
    /// The id of a part of this batch: the first eight bytes stay, the others are a hash of those of this batch and of
    /// the rows. The same rows of the same batch have the same id, in every attempt.
    pub fn derive(self, rows: impl IntoIterator<Item = u32>) -> Self {
        let Self(mut id) = self;
        let (_, tail) = id.split_at_mut(8);
        let seed = tail.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let hash = rows.into_iter().fold(mix(seed), |hash, row| mix(hash ^ u64::from(row)));
        tail.copy_from_slice(&hash.to_be_bytes());
        Self(id)
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): a bijection that
/// changes half of the bits.
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ state >> 31
}

/// What the operator let through of a request's headers: lower-case names, in the order of the configuration.
pub type Metadata = Arc<[(String, String)]>;

/// Bytes of all names and values.
pub(crate) fn size_of_metadata(metadata: &Metadata) -> usize {
    metadata.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// An immutable batch of one signal. Clones share everything, views included.
#[derive(Clone, Debug)]
pub struct Batch {
    id: BatchId,
    /// Of the batch that this was cut from to find a row, or its own.
    whole: BatchId,
    signal: Signal,
    len: u32,
    metadata: Metadata,
    form: Form,
    views: Arc<Views>,
    lent: Arc<Mutex<Lent>>,
}

/// What belongs to those that the batch is lent to now, if there are any.
#[derive(Debug, Default)]
struct Lent {
    views: Weak<Views>,
    shown: ShownBatches,
}

/// The form a batch came in, and stays in.
#[derive(Clone, Debug)]
enum Form {
    Recorded(Arc<Columns>),
    Records(Arc<Records>),
    Received(otlp::Request),
}

/// The form a batch came in.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// Recorded in this process.
    Recorded(&'a Columns),
    /// Received as an OTLP request, already scanned.
    Received(&'a otlp::Request),
}

/// What exporters read, each built at most once.
#[derive(Debug, Default)]
struct Views {
    columns: OnceLock<Columns>,
    otlp: OnceLock<Bytes>,
    otlp_json: OnceLock<Arc<String>>,
}

impl Batch {
    /// A batch of spans or events recorded in this process. There must be a row.
    pub fn recorded(id: BatchId, signal: Signal, columns: Columns, metadata: Metadata) -> Self {
        let rows = match signal {
            Signal::Spans | Signal::StartedSpans => columns.span_count(),
            Signal::Events => columns.event_count(),
        };
        debug_assert!(rows > 0, "a batch is never empty");
        Self::new(id, signal, rows as u32, metadata, Form::Recorded(Arc::new(columns)))
    }

    /// A batch of spans as they were recorded in this process. There must be one.
    pub(crate) fn of_records(id: BatchId, signal: Signal, records: Records, metadata: Metadata) -> Self {
        debug_assert!(records.len() > 0, "a batch is never empty");
        Self::new(id, signal, records.len() as u32, metadata, Form::Records(Arc::new(records)))
    }

    /// A batch of rows that came in an OTLP request of the same signal. There must be a row.
    pub fn received(id: BatchId, signal: Signal, request: otlp::Request, metadata: Metadata) -> Self {
        debug_assert_eq!(signal, request.signal(), "the request was scanned as another signal");
        debug_assert!(request.rows() > 0, "a batch is never empty");
        Self::new(id, signal, request.rows(), metadata, Form::Received(request))
    }

    fn new(id: BatchId, signal: Signal, len: u32, metadata: Metadata, form: Form) -> Self {
        Self { id, whole: id, signal, len, metadata, form, views: Arc::default(), lent: Arc::default() }
    }

    /// The same batch for an attempt. It shares its views with those that this batch is lent to at the same time, and not
    /// with this batch.
    pub fn lend(&self) -> Batch {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let views = lent.views.upgrade().unwrap_or_default();
        lent.views = Arc::downgrade(&views);
        Batch { views, ..self.clone() }
    }

    /// Looks at what is shown of it to exporters that may not see everything.
    pub(crate) fn with_shown<T>(&self, look: impl FnOnce(&mut ShownBatches) -> T) -> T {
        look(&mut self.lent.lock().unwrap_or_else(PoisonError::into_inner).shown)
    }

    /// The same batch, with the same id, of these columns and of nothing else.
    pub(crate) fn narrowed_to(&self, columns: Columns) -> Batch {
        Batch { whole: self.whole, ..Self::recorded(self.id, self.signal, columns, self.metadata.clone()) }
    }

    /// As [`Self::select`], of rows that are ascending and exist; a part of a piece is a piece.
    pub(crate) fn remainder(&self, rows: &[u32]) -> Batch {
        let part = self.part(rows);
        if self.whole == self.id { part } else { Batch { whole: self.whole, ..part } }
    }

    /// The batch's id, an idempotency key.
    pub fn id(&self) -> BatchId {
        self.id
    }

    /// The id of the batch that this is a [`piece`](Self::piece) of, or its own.
    pub fn whole(&self) -> BatchId {
        self.whole
    }

    /// What the rows are.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Number of rows.
    #[expect(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether it was received, and not recorded in this process.
    pub fn is_received(&self) -> bool {
        matches!(self.form, Form::Received(_))
    }

    /// Whether a view was built here, and not for those that it is lent to.
    #[cfg(test)]
    pub(crate) fn has_views(&self) -> bool {
        let Views { columns, otlp, otlp_json } = &*self.views;
        columns.get().is_some() || otlp.get().is_some() || otlp_json.get().is_some()
    }

    /// The same batch in columns, if it was recorded and is not kept so: whoever looks at its rows again and again is not
    /// to leave a view with it.
    pub(crate) fn as_columns(&self) -> Option<Batch> {
        let Form::Records(records) = &self.form else { return None };
        let form = Form::Recorded(Arc::new(records.columns()));
        Some(Batch { form, views: Arc::default(), lent: Arc::default(), ..self.clone() })
    }

    /// The form the batch came in.
    pub fn origin(&self) -> Origin<'_> {
        match &self.form {
            Form::Received(request) => Origin::Received(request),
            Form::Recorded(_) | Form::Records(_) => Origin::Recorded(self.columns()),
        }
    }

    /// Value of a metadata key, by lower-case name.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Bytes of all metadata, charged to queues beside [`Self::size`]: a sender chooses them too.
    pub fn metadata_size(&self) -> usize {
        size_of_metadata(&self.metadata)
    }

    /// The name of a row of the events signal, read where it lies: no view is built for it. Empty if there is no such row.
    pub fn event_name(&self, row: u32) -> &str {
        match &self.form {
            Form::Received(request) => request.event_name(row),
            Form::Recorded(columns) => columns.text_at(pair(&columns.events.name, row as usize)),
            Form::Records(_) => "",
        }
    }

    /// The rows as columns.
    pub fn columns(&self) -> &Columns {
        match &self.form {
            Form::Received(request) => self.views.columns.get_or_init(|| request.decode()),
            Form::Records(records) => self.views.columns.get_or_init(|| records.columns()),
            Form::Recorded(columns) => columns,
        }
    }

    /// The rows as OTLP protobuf: what was received, or ExportTraceServiceRequest (for started spans too) or
    /// ExportLogsServiceRequest.
    pub fn otlp(&self) -> Bytes {
        match &self.form {
            Form::Received(request) => request.otlp(),
            Form::Recorded(columns) => self.views.otlp.get_or_init(|| otlp::encode(self.signal, columns)).clone(),
            Form::Records(records) => self.views.otlp.get_or_init(|| otlp::encode_records(records)).clone(),
        }
    }

    /// The rows in OTLP's JSON encoding. Fields that OTLP does not know are not in it.
    pub fn otlp_json(&self) -> Arc<String> {
        let encode = || Arc::new(otlp::encode_json(self.signal, self.columns()));
        self.views.otlp_json.get_or_init(encode).clone()
    }

    /// Bytes charged to queues: what the batch keeps in memory in the form it came in. Views come on top where it is lent
    /// and are not charged, so that a queue's account never changes while a batch is in it.
    pub fn size(&self) -> usize {
        match &self.form {
            Form::Received(request) => request.size(),
            Form::Recorded(columns) => columns.size(),
            Form::Records(records) => records.size(),
        }
    }

    /// The rows of a range, as far as they exist, as a batch of their own. There must be a row. All rows are this batch
    /// itself, id and views included; fewer have a derived id and memory of their own.
    pub fn slice(&self, rows: Range<u32>) -> Batch {
        let rows: Vec<u32> = (rows.start..rows.end.min(self.len)).collect();
        self.part(&rows)
    }

    /// As [`Self::slice`], for those who look for a row among others: the piece says which batch it was cut from.
    #[must_use]
    pub fn piece(&self, rows: Range<u32>) -> Batch {
        Batch { whole: self.whole, ..self.slice(rows) }
    }

    /// The rows named, in ascending order and each once, as a batch of their own; as [`Self::slice`]. Rows that do not
    /// exist are ignored.
    pub fn select(&self, rows: &[u32]) -> Batch {
        let mut rows: Vec<u32> = rows.iter().copied().filter(|row| *row < self.len).collect();
        rows.sort_unstable();
        rows.dedup();
        self.part(&rows)
    }

    /// The part with these rows, which are ascending and exist.
    fn part(&self, rows: &[u32]) -> Batch {
        if rows.len() == self.len as usize {
            return self.clone();
        }
        let (id, metadata) = (self.id.derive(rows.iter().copied()), self.metadata.clone());
        match &self.form {
            Form::Received(request) => Self::received(id, self.signal, request.select(rows), metadata),
            Form::Recorded(columns) => {
                let columns = columns.select(self.signal, rows.iter().copied());
                Self::recorded(id, self.signal, columns, metadata)
            }
            Form::Records(records) => {
                let columns = records.columns().select(self.signal, rows.iter().copied());
                Self::recorded(id, self.signal, columns, metadata)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::ColumnsBuilder;

    fn batch(names: &[&str]) -> Batch {
        let mut columns = ColumnsBuilder::default();
        for name in names {
            let name = columns.push_text(name);
            columns.spans.name.extend_from_slice(&name);
            columns.spans.scope.push(0);
        }
        Batch::recorded(BatchId([7; 16]), Signal::Spans, columns.freeze(), Arc::new([]))
    }

    fn names(batch: &Batch) -> Vec<&str> {
        let columns = batch.columns();
        columns.spans.name.chunks(2).map(|words| columns.text_at([words[0], words[1]])).collect()
    }

    #[test]
    fn a_part_has_its_rows_and_a_stable_id_of_its_own() {
        let whole = batch(&["a", "b", "c", "d"]);
        let part = whole.select(&[3, 1, 9, 1]);
        assert_eq!((part.len(), names(&part)), (2, vec!["b", "d"]));
        assert_eq!(part.id(), whole.select(&[1, 3]).id());
        assert_eq!(part.id().0[..8], [7; 8]);
        let ids: std::collections::HashSet<BatchId> =
            [whole.id(), part.id(), whole.slice(0..2).id(), whole.slice(1..4).id(), part.slice(0..1).id()].into();
        assert_eq!(ids.len(), 5);
    }

    #[test]
    fn a_piece_of_a_piece_knows_the_batch_it_was_cut_from_and_other_parts_are_batches_of_their_own() {
        let whole = batch(&["a", "b", "c", "d"]);
        let piece = whole.piece(0..2).piece(1..2);
        assert_eq!((piece.whole(), names(&piece)), (whole.id(), vec!["b"]));
        assert_eq!(piece.id(), whole.piece(0..2).piece(1..2).id());
        let part = whole.slice(0..2);
        assert_eq!(part.whole(), part.id());
    }

    #[test]
    fn all_rows_are_the_batch_itself_with_its_views() {
        let whole = batch(&["a", "b"]);
        let json = whole.otlp_json();
        let part = whole.slice(0..9);
        assert_eq!(part.id(), whole.id());
        assert!(Arc::ptr_eq(&part.otlp_json(), &json));
    }

    #[test]
    fn a_view_is_built_once_and_shared() {
        let whole = batch(&["a"]);
        assert!(Arc::ptr_eq(&whole.otlp_json(), &whole.otlp_json()));
        assert_eq!(whole.otlp().as_ptr(), whole.otlp().as_ptr());
    }

    #[test]
    fn views_go_with_the_last_of_those_a_batch_is_lent_to() {
        let whole = batch(&["a"]);
        let (first, second) = (whole.lend(), whole.clone().lend());
        let json = Arc::downgrade(&first.otlp_json());
        assert!(Arc::ptr_eq(&first.otlp_json(), &second.otlp_json()));
        drop(first);
        assert!(json.upgrade().is_some() && second.id() == whole.id());
        drop(second);
        assert!(json.upgrade().is_none());
        assert_eq!(*whole.lend().otlp_json(), *whole.otlp_json());
    }

    #[test]
    fn the_size_of_a_part_is_what_the_part_keeps() {
        let whole = batch(&["a name that only the first row has".repeat(100).as_str(), "b"]);
        assert!(whole.slice(1..2).size() < whole.size() / 10);
    }
}
