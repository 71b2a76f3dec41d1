//! How many bytes all requests of one receiver may hold at once.
//!
//! Constraints: what is charged is what is there: a sender that announces much and sends little takes nothing from others;
//! what was charged is given back however the request ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use spangate_core::consumer::Refusal;

use super::failure::Failure;

/// When to try again if the budget is used up.
const LATER: Duration = Duration::from_secs(1);

/// The bytes that all requests of one receiver may hold at once.
#[derive(Debug)]
pub(super) struct Budget {
    max_bytes: usize,
    used: AtomicUsize,
}

impl Budget {
    pub(super) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self { max_bytes, used: AtomicUsize::new(0) })
    }

    /// What one request holds: nothing yet.
    pub(super) fn open(self: &Arc<Self>) -> Charge {
        Charge { budget: self.clone(), bytes: 0 }
    }
}

/// The bytes that one request holds. Dropping it gives them back.
#[derive(Debug)]
pub(super) struct Charge {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Charge {
    /// Takes `bytes` more.
    ///
    /// # Errors
    /// All requests together would hold more than they may. The sender may try again.
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), Failure> {
        let max_bytes = self.budget.max_bytes;
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= max_bytes);
        match self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => {
                let reason = format!("the requests being taken hold {max_bytes} bytes, which is all they may");
                Err(Failure::OverBudget(Refusal { retry_after: LATER, reason }))
            }
        }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_shared_and_given_back() {
        let budget = Budget::new(100);
        let (mut first, mut second) = (budget.open(), budget.open());
        first.add(60).unwrap();
        second.add(40).unwrap();
        assert!(matches!(second.add(1), Err(Failure::OverBudget(_))));
        assert!(matches!(second.add(usize::MAX), Err(Failure::OverBudget(_))));
        drop(first);
        second.add(60).unwrap();
        drop(second);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}
