//! A batch as exporters see it that may not see everything, shared among those with the same narrowing.

use std::sync::{Arc, OnceLock, Weak};

use super::{Changes, Narrowing};
use crate::batch::Batch;

/// A batch under a narrowing. What was made for it goes with the last clone.
#[derive(Clone, Debug)]
pub struct Shown(Arc<OnceLock<View>>);

#[derive(Debug)]
struct View {
    rest: Rest,
    batch: Option<Arc<Batch>>,
    changes: Changes,
}

/// What is left of a batch in the form it came in: this is what may have to be tried again, cut or written down.
#[derive(Clone, Debug)]
pub enum Rest {
    /// All of it.
    Everything,
    /// Some rows, as a batch of their own.
    Rows(Arc<Batch>),
    /// No row.
    Nothing,
}

/// What is shown of one batch at the moment, by narrowing.
#[derive(Debug, Default)]
pub(crate) struct ShownBatches(Vec<(Arc<Narrowing>, Weak<OnceLock<View>>)>);

impl Shown {
    /// What is shown with this narrowing, if somebody has it, or else a place for it.
    fn find(ShownBatches(all): &mut ShownBatches, narrowing: &Arc<Narrowing>) -> Self {
        all.retain(|(_, shown)| shown.strong_count() > 0);
        let known = all.iter().find(|(known, _)| Arc::ptr_eq(known, narrowing));
        if let Some(shown) = known.and_then(|(_, shown)| shown.upgrade()) {
            return Self(shown);
        }
        let shown = Arc::new(OnceLock::new());
        all.push((narrowing.clone(), Arc::downgrade(&shown)));
        Self(shown)
    }

    fn view(&self) -> Option<&View> {
        self.0.get()
    }

    /// What is left of the batch.
    pub fn rest(&self) -> Rest {
        self.view().map_or(Rest::Everything, |view| view.rest.clone())
    }

    /// What the exporter may see of the rest. None if no row is left.
    pub fn batch(&self) -> Option<Arc<Batch>> {
        self.view().and_then(|view| view.batch.clone())
    }

    /// What is not as it was in the rows that are left.
    pub fn changes(&self) -> Changes {
        self.view().map_or_else(Changes::default, |view| view.changes)
    }
}

impl Batch {
    /// The batch for an attempt by an exporter that may see what the narrowing leaves of it. Made once for all that try it at
    /// the same time with the same narrowing, whoever comes first; like [`Self::lend`] otherwise.
    ///
    /// Takes as long as reading all columns of the batch, and copying what is granted.
    pub fn show(&self, narrowing: &Arc<Narrowing>) -> Shown {
        let shown = self.with_shown(|all| Shown::find(all, narrowing));
        shown.0.get_or_init(|| self.view_under(narrowing));
        shown
    }

    fn view_under(&self, narrowing: &Narrowing) -> View {
        // Columns that are built for it are those that the others read now.
        let lent = self.lend();
        let left = match narrowing.drops_rows() {
            true => narrowing.rows_left(self.signal(), lent.columns(), self.len()),
            false => None,
        };
        let rest = match &left {
            None => Rest::Everything,
            Some(rows) if rows.is_empty() => Rest::Nothing,
            Some(rows) => Rest::Rows(Arc::new(self.remainder(rows))),
        };
        let changes = Changes::default();
        let of = match &rest {
            Rest::Nothing => return View { rest, batch: None, changes },
            Rest::Everything => self,
            Rest::Rows(part) => part,
        };
        if !narrowing.changes_rows() {
            let batch = if left.is_none() { lent } else { of.lend() };
            return View { batch: Some(Arc::new(batch)), rest, changes };
        }
        let rows = left.unwrap_or_else(|| (0..self.len()).collect());
        let (columns, changes) = narrowing.narrow(self.signal(), lent.columns(), rows);
        View { batch: Some(Arc::new(of.narrowed_to(columns))), rest, changes }
    }
}

#[cfg(test)]
mod tests;
