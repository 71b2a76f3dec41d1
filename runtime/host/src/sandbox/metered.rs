//! One future is the meter.
//!
//! A guest yields after a stretch of fuel, so every poll of its call is one slice. Each poll charges the thread CPU time
//! it used, checks the deadline itself (a busy runtime turns its timer too rarely), and when the exporter is over its
//! share of a core, sleeps before the next slice. Waiting for credit stops the deadline's clock. tokio's timer is only
//! for waits in host calls, which neither fuel nor epochs could end.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Sleep, sleep_until};

use super::{
    meter::{CallUsage, Totals},
    share::CpuShare,
};

/// The wall clock of a call ran out.
#[derive(Debug)]
pub(super) struct DeadlineExceeded;

/// A call into a guest, metered slice by slice.
pub(super) struct Metered<'a, F> {
    call: Pin<Box<F>>,
    deadline: Duration,
    share: Option<&'a CpuShare>,
    totals: &'a Totals,
    usage: &'a mut CallUsage,
    clock: Stopwatch,
    timer: Option<Pin<Box<Sleep>>>,
    credit: Option<Pin<Box<Sleep>>>,
}

/// Wall clock that stops while the call waits for credit.
struct Stopwatch {
    started: Instant,
    stopped: Duration,
    stopped_at: Option<Instant>,
}

impl Stopwatch {
    fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started).saturating_sub(self.stopped)
    }

    fn stop(&mut self, now: Instant) {
        self.stopped_at = Some(now);
    }

    /// Runs again; answers for how long it stood.
    fn resume(&mut self, now: Instant) -> Duration {
        let stood = self.stopped_at.take().map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.stopped += stood;
        stood
    }
}

impl<'a, F: Future> Metered<'a, F> {
    /// `call` with a deadline, held to `share` if there is one; what it uses goes to `totals` and `usage`.
    pub(super) fn new(
        call: F,
        deadline: Duration,
        share: Option<&'a CpuShare>,
        totals: &'a Totals,
        usage: &'a mut CallUsage,
    ) -> Self {
        let clock = Stopwatch { started: Instant::now(), stopped: Duration::ZERO, stopped_at: None };
        Self { call: Box::pin(call), deadline, share, totals, usage, clock, timer: None, credit: None }
    }

    fn poll_credit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(sleep) = self.credit.as_mut() {
            ready!(sleep.as_mut().poll(cx));
            let now = Instant::now();
            let stood = self.clock.resume(now);
            self.totals.add_throttled(stood);
            self.timer = None;
            self.credit = None;
            self.wait_for_credit(now);
        }
        Poll::Ready(())
    }

    fn wait_for_credit(&mut self, now: Instant) {
        if let Some(wait) = self.share.and_then(|share| share.wait(now)) {
            self.clock.stop(now);
            self.credit = now.checked_add(wait).map(|until| Box::pin(sleep_until(until.into())));
        }
    }

    fn poll_slice(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let before = thread_cpu_time();
        let result = self.call.as_mut().poll(cx);
        let slice = thread_cpu_time().saturating_sub(before);
        self.totals.add_cpu(slice);
        self.usage.cpu += slice;
        self.usage.slices += 1;
        self.usage.longest_slice = self.usage.longest_slice.max(slice);
        if let Some(share) = self.share {
            share.charge(slice, Instant::now());
        }
        result
    }

    fn is_past_deadline(&mut self, now: Instant) -> bool {
        self.usage.wall = self.clock.elapsed(now);
        self.usage.wall >= self.deadline
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let left = self.deadline.saturating_sub(self.usage.wall);
        match (&mut self.timer, now.checked_add(left)) {
            (Some(timer), _) => timer.as_mut().poll(cx),
            (None, Some(until)) => self.timer.insert(Box::pin(sleep_until(until.into()))).as_mut().poll(cx),
            (None, None) => Poll::Pending,
        }
    }
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = Result<F::Output, DeadlineExceeded>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.poll_credit(cx));
        if this.is_past_deadline(Instant::now()) {
            return Poll::Ready(Err(DeadlineExceeded));
        }
        let result = this.poll_slice(cx);
        let now = Instant::now();
        let is_late = this.is_past_deadline(now);
        if let Poll::Ready(output) = result {
            return Poll::Ready(Ok(output));
        }
        if is_late {
            return Poll::Ready(Err(DeadlineExceeded));
        }
        this.wait_for_credit(now);
        if this.credit.is_some() {
            ready!(this.poll_credit(cx));
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.poll_timer(cx, now).map(|()| Err(DeadlineExceeded))
    }
}

/// CPU time of this thread. A poll never moves between threads.
fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    async fn spin() {
        loop {
            burn(Duration::from_micros(200));
            yield_now().await;
        }
    }

    fn burn(time: Duration) {
        let start = thread_cpu_time();
        while thread_cpu_time() - start < time {}
    }

    const DEADLINE: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_call_that_spins_is_stopped_by_the_deadline() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let result = Metered::new(spin(), DEADLINE, None, &totals, &mut usage).await;
        assert!(result.is_err());
        assert!(usage.wall >= DEADLINE);
        assert!(usage.longest_slice <= usage.cpu);
    }

    #[tokio::test]
    async fn a_call_that_waits_for_ever_is_stopped_by_the_deadline() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let result = Metered::new(std::future::pending::<()>(), DEADLINE, None, &totals, &mut usage).await;
        assert!(result.is_err());
        assert_eq!(usage.slices, 1);
    }

    #[tokio::test]
    async fn waiting_for_credit_stops_the_deadlines_clock() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let start = Instant::now();
        let share = CpuShare::new(0.25, start);
        share.charge(Duration::from_millis(250), start);
        let result = Metered::new(spin(), DEADLINE, Some(&share), &totals, &mut usage).await;
        assert!(result.is_err());
        let throttled = Duration::from_nanos(totals.throttled_nanoseconds.load(std::sync::atomic::Ordering::Relaxed));
        assert!(throttled > Duration::ZERO);
        assert!(start.elapsed() >= throttled + DEADLINE);
    }

    #[tokio::test]
    async fn a_call_that_returns_is_billed_and_its_answer_handed_on() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let call = async {
            burn(Duration::from_millis(2));
            yield_now().await;
            7
        };
        assert_eq!(Metered::new(call, Duration::from_secs(60), None, &totals, &mut usage).await.unwrap(), 7);
        assert!(usage.cpu >= Duration::from_millis(2));
        assert_eq!(usage.slices, 2);
    }

    #[tokio::test]
    async fn an_answer_that_comes_with_the_deadline_still_counts() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let call = async { burn(Duration::from_millis(5)) };
        assert!(Metered::new(call, Duration::from_millis(1), None, &totals, &mut usage).await.is_ok());
    }
}
