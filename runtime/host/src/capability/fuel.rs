//! Host calls pay fuel, so that a guest cannot hide work in the host, and give way when a slice is used up.
//!
//! wasmtime charges a handful of units for a host call whatever the host does. Setting the store's fuel also restarts
//! its yield interval, so a guest that only calls the host would never yield by itself: [`Pace`] sees to that.

use std::{future::poll_fn, task::Poll};

use wasmtime::{StoreContextMut, Trap};

/// What any host call costs, in fuel: about the time it takes, at the 10 units per nanosecond of a tight loop.
pub(crate) const CALL: u64 = 500;

/// When the running call has to give way to others next.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    interval: u64,
    yield_at: u64,
}

impl Pace {
    /// A call starts with `fuel` and yields at least every `interval`.
    pub(crate) fn start(&mut self, fuel: u64, interval: u64) {
        *self = Self { interval, yield_at: fuel.saturating_sub(interval) };
    }

    /// Whether a slice ends now that `fuel` is left; then the next one starts.
    fn is_slice_over(&mut self, fuel: u64) -> bool {
        let over = fuel <= self.yield_at;
        if over {
            self.yield_at = fuel.saturating_sub(self.interval);
        }
        over
    }
}

/// Store data of a call that is paced.
pub(crate) trait Paced: Send + 'static {
    /// The pace of the running call.
    fn pace(&mut self) -> &mut Pace;
}

/// Takes `cost` from the fuel of the running call and yields if the slice is over.
///
/// # Errors
/// [`Trap::OutOfFuel`] if there is not so much left.
pub(crate) async fn charge<T: Paced>(store: &mut StoreContextMut<'_, T>, cost: u64) -> wasmtime::Result<()> {
    let Some(left) = store.get_fuel()?.checked_sub(cost) else {
        store.set_fuel(0)?;
        return Err(Trap::OutOfFuel.into());
    };
    store.set_fuel(left)?;
    if store.data_mut().pace().is_slice_over(left) {
        give_way().await;
    }
    Ok(())
}

/// Ends the slice. The call is woken before it answers "pending", as by wasmtime's own yields: whoever shares out CPU time
/// knows by that who wants to go on. tokio's `yield_now` wakes later.
async fn give_way() {
    let mut is_back = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_ends_once_per_interval_however_small_the_steps() {
        let mut pace = Pace::default();
        pace.start(1_000, 100);
        let slices = (0..1_000).rev().filter(|fuel| pace.is_slice_over(*fuel)).count();
        assert_eq!(slices, 10);
    }

    #[test]
    fn one_dear_call_ends_one_slice() {
        let mut pace = Pace::default();
        pace.start(1_000, 100);
        assert!(pace.is_slice_over(400));
        assert!(!pace.is_slice_over(301));
        assert!(pace.is_slice_over(300));
    }
}
