//! How many requests may be read and decoded at once, and who has to go when there are no slots left.
//!
//! Constraints: one connection never has more slots than it leaves free, so that whoever sends much on one connection locks
//! nobody out; a body that takes long keeps its slot only as long as nobody else wants it; waiting for a slot is bounded by
//! what it takes to hand one over.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use spangate_core::consumer::Refusal;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::failure::Failure;

/// When to try again if all slots are taken.
const BUSY: Duration = Duration::from_secs(1);
/// A body that has been read for so long goes if somebody else wants its slot. Ordinary ones come within a moment.
const LONG: Duration = Duration::from_secs(2);
/// How long a slot is waited for that was taken from somebody.
const HANDOVER: Duration = Duration::from_millis(250);

/// The slots of one receiver.
pub(super) struct Slots {
    max: usize,
    free: Arc<Semaphore>,
    reading: Mutex<Readers>,
}

/// Bodies that are being read, those first that began first.
#[derive(Default)]
struct Readers {
    last: u64,
    begun: BTreeMap<u64, (Instant, Arc<Notify>)>,
}

/// How many slots one connection has.
#[derive(Clone, Debug, Default)]
pub(super) struct ConnectionSlots(Arc<AtomicUsize>);

/// One of the requests that may be read and decoded at once. It goes along to wherever the work is done.
pub(super) struct Slot {
    _permit: OwnedSemaphorePermit,
    of: ConnectionSlots,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.of.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Slots {
    pub(super) fn new(max: usize) -> Self {
        let max = max.min(Semaphore::MAX_PERMITS);
        Self { max, free: Arc::new(Semaphore::new(max)), reading: Mutex::default() }
    }

    /// Takes a slot for a request of a connection.
    ///
    /// # Errors
    /// Busy if all slots are taken, or if the connection has as many as are left.
    pub(super) async fn take(&self, of: &ConnectionSlots) -> Result<Slot, Failure> {
        let permit = match self.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.take_over().await.ok_or_else(|| busy(format!("{} requests are being taken already", self.max)))?
            }
        };
        // Counted before it is looked at: two requests of one connection cannot both be the last.
        let held = of.0.fetch_add(1, Ordering::Relaxed);
        let slot = Slot { _permit: permit, of: of.clone() };
        if held > self.free.available_permits() {
            return Err(busy(format!("{held} of {} slots are taken by requests of this connection", self.max)));
        }
        Ok(slot)
    }

    /// Takes the slot of the body that has been read longest, if that is long.
    async fn take_over(&self) -> Option<OwnedSemaphorePermit> {
        {
            let mut readers = self.lock();
            let longest = readers.begun.first_entry().filter(|first| first.get().0.elapsed() >= LONG)?;
            let (_, displaced) = longest.remove();
            displaced.notify_one();
        }
        timeout(HANDOVER, self.free.clone().acquire_owned()).await.ok()?.ok()
    }

    /// A body is being read for as long as this is kept.
    pub(super) fn begin_reading(&self) -> Reading<'_> {
        let displaced = Arc::new(Notify::new());
        let mut readers = self.lock();
        readers.last += 1;
        let number = readers.last;
        readers.begun.insert(number, (Instant::now(), displaced.clone()));
        Reading { slots: self, number, displaced }
    }

    fn lock(&self) -> MutexGuard<'_, Readers> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body that is being read.
pub(super) struct Reading<'s> {
    slots: &'s Slots,
    number: u64,
    displaced: Arc<Notify>,
}

impl Reading<'_> {
    /// Waits until somebody else wants the slot.
    pub(super) async fn displaced(&self) -> Failure {
        self.displaced.notified().await;
        let reason = format!("the body took longer than {LONG:?} while all slots were taken and others waited");
        Failure::Displaced(Refusal { retry_after: BUSY, reason })
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.slots.lock().begun.remove(&self.number);
    }
}

fn busy(reason: String) -> Failure {
    Failure::Busy(Refusal { retry_after: BUSY, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many slots a connection gets while all that were taken before stay taken.
    async fn greedy(slots: &Slots) -> (usize, Vec<Slot>) {
        let of = ConnectionSlots::default();
        let mut held = Vec::new();
        while let Ok(slot) = slots.take(&of).await {
            held.push(slot);
        }
        assert_eq!(of.0.load(Ordering::Relaxed), held.len(), "one that is refused holds nothing");
        (held.len(), held)
    }

    #[tokio::test]
    async fn a_connection_never_has_more_slots_than_it_leaves_to_others() {
        for (max, first, second) in [(1, 1, 0), (2, 1, 1), (3, 2, 1), (64, 32, 16)] {
            let slots = Slots::new(max);
            let (taken, held) = greedy(&slots).await;
            assert_eq!(taken, first, "of {max}");
            let (taken, more) = greedy(&slots).await;
            assert_eq!(taken, second, "of {max}");
            drop((held, more));
            assert_eq!(greedy(&slots).await.0, first, "all were given back");
        }
    }

    #[tokio::test]
    async fn any_number_of_greedy_connections_below_the_slots_leaves_one_for_the_next() {
        let slots = Slots::new(64);
        let mut all = Vec::new();
        for number in 0..63 {
            let (taken, held) = greedy(&slots).await;
            assert!(taken > 0 || slots.free.available_permits() == 0, "connection {number}");
            all.push(held);
            if slots.free.available_permits() <= 1 {
                assert!(number >= 5, "one in six had them all");
                return;
            }
        }
        panic!("they never ended");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_goes_at_its_second_second_and_not_before_and_only_if_somebody_waits() {
        let slots = Slots::new(2);
        let [one, other, third] = [(); 3].map(|()| ConnectionSlots::default());
        let kept = slots.take(&one).await.unwrap();
        let first = slots.begin_reading();
        tokio::time::advance(Duration::from_millis(1)).await;
        let _more = slots.take(&other).await.unwrap();
        let second = slots.begin_reading();
        tokio::time::advance(LONG - Duration::from_millis(2)).await;
        assert!(matches!(slots.take(&third).await, Err(Failure::Busy(_))));
        tokio::time::advance(Duration::from_millis(1)).await;
        let displaced = async {
            let Failure::Displaced(_) = first.displaced().await else { panic!("for another reason") };
            drop(kept);
        };
        let (taken, ()) = tokio::join!(slots.take(&third), displaced);
        assert!(taken.is_ok());
        // The second one has had its time, too, but nobody else came.
        tokio::time::advance(LONG).await;
        assert!(timeout(Duration::ZERO, second.displaced()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slot_that_is_not_handed_over_is_not_waited_for() {
        let slots = Slots::new(1);
        let _kept = slots.take(&ConnectionSlots::default()).await.unwrap();
        let _reading = slots.begin_reading();
        tokio::time::advance(LONG).await;
        let begun = Instant::now();
        assert!(slots.take(&ConnectionSlots::default()).await.is_err());
        assert_eq!(begun.elapsed(), HANDOVER, "in the clock of the test");
    }

    #[tokio::test]
    async fn a_body_that_was_read_holds_nobody_up() {
        let slots = Slots::new(1);
        drop(slots.begin_reading());
        assert!(slots.lock().begun.is_empty());
    }
}
