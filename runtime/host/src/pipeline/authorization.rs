//! Whether the backend takes the credentials: a pure state machine, `now` is handed in.
//!
//! Constraints:
//!
//! 1. A refusal is the operator's to mend, so nothing is lost over it: what was refused is kept, whatever its age.
//! 2. While it lasts the backend sees one batch per pause, a different one each time as long as there is one.
//! 3. One sender cannot stop the others: where senders' headers go to the backend (a tenant's name), a sender that is
//!    refused while another gets through is refused alone.
//!
//! Design: a refusal pauses the exporter; when the pause is over one batch probes; a refusal makes the next pause twice as
//! long, up to ten times the first; a batch that gets through ends it. A sender that is refused while the latest batch
//! that got through was another's is tried once more a little later: if by then the others are refused too, it was not
//! about that sender.

use std::time::Duration;

use spangate_core::{batch::Batch, poison::May};

/// The longest pause, in first pauses.
const LONGEST: u32 = 10;
/// What a single sender's refused batch waits for its second chance.
const SECOND_CHANCE: Duration = Duration::from_secs(5);

/// Values of the senders' headers that the backend sees; empty if it sees none.
pub(super) type Sender = Vec<Option<String>>;

/// The sender of a batch, as far as the backend can tell.
pub(super) fn sender_of(batch: &Batch, names: &[String]) -> Sender {
    names.iter().map(|name| batch.metadata(name).map(str::to_owned)).collect()
}

/// Whether a backend takes the credentials.
#[derive(Debug)]
pub(super) struct Authorization {
    first: Duration,
    refusal: Option<Refusal>,
    /// Pauses since a batch got through.
    pauses: u32,
    /// Whose batch got through last.
    last_through: Option<Sender>,
}

#[derive(Debug)]
struct Refusal {
    until: Duration,
    is_probing: bool,
    reason: String,
}

/// What becomes of a batch that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// Kept while the exporter is paused.
    Paused {
        /// When one batch will probe.
        until: Duration,
        /// Whether this refusal began it.
        is_new: bool,
    },
    /// Kept and tried once more; the others go on.
    Later(Duration),
    /// Refused for good: it is about this sender.
    TheirOwn,
}

impl Authorization {
    /// `first` is the length of the first pause.
    pub(super) fn new(first: Duration) -> Self {
        Self { first, refusal: None, pauses: 0, last_through: None }
    }

    /// Whether a batch may be tried.
    pub(super) fn may_try(&self, now: Duration) -> May {
        match &self.refusal {
            None => May::Now,
            Some(refusal) if refusal.is_probing => May::AfterProbe,
            Some(refusal) if now < refusal.until => May::At(refusal.until),
            Some(_) => May::Now,
        }
    }

    /// A batch is being tried. Answers whether that probes.
    pub(super) fn begin(&mut self) -> bool {
        let Some(refusal) = &mut self.refusal else { return false };
        refusal.is_probing = true;
        true
    }

    /// The backend did not take the credentials of a batch that was refused before or not, and probed or not.
    pub(super) fn refuse(
        &mut self,
        sender: &Sender,
        (is_repeated, is_probe): (bool, bool),
        reason: &str,
        now: Duration,
    ) -> Ruling {
        let others_get_through = self.last_through.as_ref().is_some_and(|last| last != sender);
        if self.refusal.is_none() && others_get_through {
            return if is_repeated { Ruling::TheirOwn } else { Ruling::Later(now.saturating_add(SECOND_CHANCE)) };
        }
        self.last_through = None;
        if let Some(refusal) = self.refusal.as_ref().filter(|_| !is_probe) {
            // It was sent before the pause.
            return Ruling::Paused { until: refusal.until, is_new: false };
        }
        let factor = 2u32.saturating_pow(self.pauses).min(LONGEST);
        let until = now.saturating_add(self.first.saturating_mul(factor));
        self.pauses = self.pauses.saturating_add(1);
        let is_new = self.refusal.is_none();
        self.refusal = Some(Refusal { until, is_probing: false, reason: reason.to_owned() });
        Ruling::Paused { until, is_new }
    }

    /// A batch got through. Answers whether that ended a pause.
    pub(super) fn pass(&mut self, sender: Sender) -> bool {
        self.last_through = Some(sender);
        self.pauses = 0;
        self.refusal.take().is_some()
    }

    /// A batch came to another end, which says nothing about the credentials: if it was to probe, the next one does.
    pub(super) fn learn_nothing(&mut self, is_probe: bool, now: Duration) {
        if let Some(refusal) = self.refusal.as_mut().filter(|_| is_probe) {
            (refusal.until, refusal.is_probing) = (now, false);
        }
    }

    /// Ends the wait, not the doubt: one batch may probe now.
    pub(super) fn probe_now(&mut self, now: Duration) {
        if let Some(refusal) = &mut self.refusal {
            refusal.until = refusal.until.min(now);
        }
    }

    /// When the next batch probes, and why it has to.
    pub(super) fn pause(&self) -> Option<(Duration, &str)> {
        self.refusal.as_ref().map(|refusal| (refusal.until, refusal.reason.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn tenant(name: &str) -> Sender {
        vec![Some(name.to_owned())]
    }

    fn until(ruling: Ruling) -> Duration {
        match ruling {
            Ruling::Paused { until, .. } => until,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pauses_double_up_to_ten_times_the_first_and_start_over_once_a_batch_got_through() {
        let mut authorization = Authorization::new(FIRST);
        let mut now = at(0);
        let mut lengths = Vec::new();
        for _ in 0..6 {
            assert_eq!(authorization.may_try(now), May::Now);
            let is_probe = authorization.begin();
            let end = until(authorization.refuse(&vec![], (true, is_probe), "401", now));
            lengths.push((end - now).as_secs());
            assert_eq!(authorization.may_try(now), May::At(end));
            now = end;
        }
        assert_eq!(lengths, [60, 120, 240, 480, 600, 600]);
        authorization.begin();
        assert_eq!(authorization.may_try(now), May::AfterProbe);
        assert!(authorization.pass(vec![]));
        assert_eq!((authorization.may_try(now), authorization.pause()), (May::Now, None));
        assert_eq!(until(authorization.refuse(&vec![], (false, false), "401", now)) - now, FIRST);
    }

    #[test]
    fn a_refusal_of_what_was_sent_before_the_pause_does_not_lengthen_it() {
        let mut authorization = Authorization::new(FIRST);
        let first = authorization.refuse(&vec![], (false, false), "401", at(0));
        assert_eq!(first, Ruling::Paused { until: at(60), is_new: true });
        let late = authorization.refuse(&vec![], (false, false), "401", at(5));
        assert_eq!(late, Ruling::Paused { until: at(60), is_new: false });
    }

    #[test]
    fn a_probe_that_says_nothing_is_followed_by_another() {
        let mut authorization = Authorization::new(FIRST);
        authorization.refuse(&vec![], (false, false), "401", at(0));
        assert!(authorization.begin());
        authorization.learn_nothing(true, at(61));
        assert_eq!(authorization.may_try(at(61)), May::Now);
        assert_eq!(authorization.pause(), Some((at(61), "401")));
    }

    #[test]
    fn what_was_sent_before_the_pause_neither_ends_the_wait_for_a_probe_nor_lengthens_the_pause() {
        let mut authorization = Authorization::new(FIRST);
        authorization.refuse(&vec![], (false, false), "401", at(0));
        assert!(authorization.begin());
        authorization.learn_nothing(false, at(61));
        assert_eq!(authorization.may_try(at(61)), May::AfterProbe);
        let late = authorization.refuse(&vec![], (false, false), "401", at(62));
        assert_eq!(late, Ruling::Paused { until: at(60), is_new: false });
        assert_eq!(authorization.may_try(at(62)), May::AfterProbe);
    }

    #[test]
    fn a_sender_that_is_refused_while_others_get_through_is_refused_alone() {
        let mut authorization = Authorization::new(FIRST);
        authorization.pass(tenant("good"));
        assert_eq!(authorization.refuse(&tenant("bad"), (false, false), "403", at(0)), Ruling::Later(at(5)));
        assert_eq!(authorization.refuse(&tenant("bad"), (true, false), "403", at(5)), Ruling::TheirOwn);
        assert_eq!(authorization.pause(), None);
    }

    #[test]
    fn when_every_sender_is_refused_the_one_that_was_refused_first_is_kept_too() {
        let mut authorization = Authorization::new(FIRST);
        authorization.pass(tenant("a"));
        assert_eq!(authorization.refuse(&tenant("b"), (false, false), "401", at(0)), Ruling::Later(at(5)));
        assert_eq!(until(authorization.refuse(&tenant("a"), (false, false), "401", at(1))), at(61));
        assert!(authorization.begin());
        assert_eq!(until(authorization.refuse(&tenant("b"), (true, true), "401", at(61))), at(181));
    }

    proptest! {
        #[test]
        fn it_is_always_tried_again_and_no_sender_pauses_it_while_the_latest_to_get_through_is_another(
            steps in prop::collection::vec((0u8..4, 0u8..3, any::<[bool; 2]>(), 0u64..900), 0..100),
        ) {
            let mut authorization = Authorization::new(FIRST);
            let (mut now, mut last, mut probes) = (Duration::ZERO, None, 0);
            for (step, sender, [is_repeated, is_late], seconds) in steps {
                now += Duration::from_secs(seconds);
                let sender = tenant(&sender.to_string());
                // An answer is a probe's, if one is on its way, or one that comes late.
                let is_probe = step > 0 && probes > 0 && !is_late;
                probes -= u32::from(is_probe);
                match step {
                    0 => if authorization.may_try(now) == May::Now {
                        probes += u32::from(authorization.begin());
                    },
                    1 => {
                        let is_paused = authorization.pause().is_some();
                        let ruling = authorization.refuse(&sender, (is_repeated, is_probe), "401", now);
                        let others = last.as_ref().is_some_and(|last| *last != sender);
                        prop_assert_eq!(matches!(ruling, Ruling::Paused { .. }), is_paused || !others);
                        if let Ruling::Paused { until, .. } = ruling {
                            prop_assert!(until <= now + FIRST * LONGEST);
                            last = None;
                        }
                    }
                    2 => {
                        authorization.pass(sender.clone());
                        last = Some(sender);
                    }
                    _ => authorization.learn_nothing(is_probe, now),
                }
            }
            authorization.learn_nothing(probes > 0, now);
            prop_assert_eq!(authorization.may_try(now + FIRST * LONGEST), May::Now);
        }
    }
}
