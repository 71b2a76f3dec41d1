//! One future is the meter.
//!
//! A guest yields after a stretch of fuel. As many stretches as fit into a moment make a slice: one poll of the call, and
//! one turn among others. Before a slice the call waits for its turn, with its clock standing still; afterwards it is
//! charged the thread CPU time that the slice took, whatever became of it. The deadline is looked at after each stretch
//! (a busy runtime turns its timer too rarely). What the host did for the call on other threads is charged with the next
//! slice. tokio's timer is only for waits in host calls, which neither fuel nor epochs could end. Time in which the whole
//! process stood still counts for no deadline.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use tokio::time::{Sleep, sleep_until};

use super::{
    cpu::Seat,
    meter::{CallUsage, Totals},
    signal::Signal,
    standstill::{LONGEST, LOOK_EVERY, Looks},
    turn::Turn,
};
use crate::capability::CallClock;

/// How long a call goes on, by the wall clock, before others have their turn: long against what a turn costs (about a
/// microsecond), short against what anybody waits for.
const MOMENT: Duration = Duration::from_micros(100);

/// The wall clock of a call ran out.
#[derive(Debug)]
pub(super) struct DeadlineExceeded;

/// A call into a guest, metered slice by slice.
pub(super) struct Metered<'a, F> {
    call: Pin<Box<F>>,
    clock: Arc<CallClock>,
    totals: &'a Totals,
    usage: &'a mut CallUsage,
    turn: Turn<'a>,
    elsewhere: Elsewhere,
    signal: Option<(Arc<Signal>, Waker)>,
    /// For waits in the host: when to look at the clock, which is no later than the deadline.
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    looks: Looks,
}

impl<'a, F: Future> Metered<'a, F> {
    /// `call` as one of the exporter that has `seat`, by `clock`. What it uses goes to `totals` and `usage`.
    pub(super) fn new(
        call: F,
        clock: Arc<CallClock>,
        seat: &'a Seat,
        totals: &'a Totals,
        usage: &'a mut CallUsage,
    ) -> Self {
        let turn = Turn::new(seat, totals, Arc::clone(&clock));
        let elsewhere = Elsewhere { clock: Arc::clone(&clock), charged: Duration::ZERO };
        let (call, signal, timer, looks) = (Box::pin(call), None, None, Looks::default());
        Self { call, clock, totals, usage, turn, elsewhere, signal, timer, looks }
    }

    fn poll_slice(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let (signal, waker) = match self.signal.take() {
            Some((signal, waker)) if signal.is_for(cx.waker()) => (signal, waker),
            _ => {
                let signal = Signal::new(cx.waker());
                (Arc::clone(&signal), Waker::from(signal))
            }
        };
        let slice = Slice::begin(&mut self.turn, &mut self.elsewhere, self.totals, self.usage);
        let (mut began, mut used_before) = (Instant::now(), slice.before);
        let result = loop {
            signal.begin();
            let result = self.call.as_mut().poll(&mut Context::from_waker(&waker));
            let gave_way = signal.end() && result.is_pending();
            let now = Instant::now();
            let took = now.saturating_duration_since(began);
            if took > LONGEST {
                // Most of that it did not run.
                let used = thread_cpu_time();
                self.clock.stand(took.saturating_sub(used.saturating_sub(used_before)));
                (began, used_before) = (now, used);
            }
            if !gave_way || self.clock.is_over(now) {
                break result;
            }
            if now.saturating_duration_since(began) >= MOMENT {
                slice.go_on(cx);
                break result;
            }
        };
        self.signal = Some((signal, waker));
        result
    }

    fn is_past_deadline(&mut self) -> bool {
        let now = Instant::now();
        self.usage.wall = self.clock.elapsed(now);
        self.clock.is_over(now)
    }

    /// Ready when the deadline has passed. Until then the call is polled at every look.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = Instant::now();
            if self.clock.is_over(now) {
                return Poll::Ready(());
            }
            let look = now + LOOK_EVERY;
            let look = self.clock.ends_at().map_or(look, |end| look.min(end));
            let timer = match &mut self.timer {
                Some((set, timer)) if (now..=look).contains(set) => timer,
                timer => &mut timer.insert((look, Box::pin(sleep_until(look.into())))).1,
            };
            ready!(timer.as_mut().poll(cx));
            self.timer = None;
        }
    }
}

impl<F: Future> Future for Metered<'_, F> {
    type Output = Result<F::Output, DeadlineExceeded>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.clock.stand(this.looks.end(Instant::now()));
        if !this.turn.is_waiting() && this.is_past_deadline() {
            return Poll::Ready(Err(DeadlineExceeded));
        }
        ready!(this.turn.poll_on(cx));
        let result = this.poll_slice(cx);
        let is_late = !this.turn.is_waiting() && this.is_past_deadline();
        if !this.turn.is_waiting() {
            this.looks.begin(Instant::now());
        }
        match result {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending if is_late => Poll::Ready(Err(DeadlineExceeded)),
            Poll::Pending if this.turn.is_away() => this.poll_deadline(cx).map(|()| Err(DeadlineExceeded)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What the host does for a call on other threads.
struct Elsewhere {
    clock: Arc<CallClock>,
    charged: Duration,
}

impl Elsewhere {
    /// What came since it was asked last.
    fn take(&mut self) -> Duration {
        let worked = self.clock.worked();
        worked.saturating_sub(std::mem::replace(&mut self.charged, worked))
    }
}

/// A slice that runs. It is charged when it is dropped, so that a panic is paid for and gives its turn back.
struct Slice<'s, 'a> {
    turn: &'s mut Turn<'a>,
    elsewhere: &'s mut Elsewhere,
    totals: &'s Totals,
    usage: &'s mut CallUsage,
    before: Duration,
    is_charged: bool,
}

impl<'s, 'a> Slice<'s, 'a> {
    fn begin(
        turn: &'s mut Turn<'a>,
        elsewhere: &'s mut Elsewhere,
        totals: &'s Totals,
        usage: &'s mut CallUsage,
    ) -> Self {
        Self { turn, elsewhere, totals, usage, before: thread_cpu_time(), is_charged: false }
    }

    /// It is over, and its call wants another.
    fn go_on(mut self, cx: &mut Context<'_>) {
        let used = self.charge();
        self.turn.go_on(used, cx);
    }

    fn charge(&mut self) -> Duration {
        let here = thread_cpu_time().saturating_sub(self.before);
        let used = here + self.elsewhere.take();
        self.is_charged = true;
        self.totals.add_cpu(used);
        self.usage.cpu += used;
        self.usage.slices += 1;
        self.usage.longest_slice = self.usage.longest_slice.max(here);
        used
    }
}

impl Drop for Slice<'_, '_> {
    fn drop(&mut self) {
        if !self.is_charged {
            let used = self.charge();
            self.turn.give_back(used);
        }
    }
}

/// CPU time of this thread. A poll never moves between threads.
pub(super) fn thread_cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or_default(), nanoseconds.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        panic::AssertUnwindSafe,
        sync::atomic::Ordering::Relaxed,
        task::{Wake, Waker},
    };

    use super::{super::cpu::Cpu, *};

    /// Gives way as guests do: woken before it answers.
    async fn give_way() {
        let mut is_back = false;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut is_back, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    async fn spin() {
        loop {
            burn(Duration::from_micros(200));
            give_way().await;
        }
    }

    fn burn(time: Duration) {
        let start = thread_cpu_time();
        while thread_cpu_time() - start < time {}
    }

    const DEADLINE: Duration = Duration::from_millis(50);

    /// All of a core.
    fn seat() -> Seat {
        Cpu::new(1.0, 1).seat(100, None)
    }

    /// Runs `call` with a deadline.
    async fn meter<F: Future>(
        call: F,
        deadline: Duration,
        seat: &Seat,
        totals: &Totals,
        usage: &mut CallUsage,
    ) -> Result<F::Output, DeadlineExceeded> {
        Metered::new(call, CallClock::start(deadline), seat, totals, usage).await
    }

    #[tokio::test]
    async fn a_call_that_spins_is_stopped_by_the_deadline() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        assert!(meter(spin(), DEADLINE, &seat(), &totals, &mut usage).await.is_err());
        assert!(usage.wall >= DEADLINE);
        assert!(usage.longest_slice <= usage.cpu);
    }

    #[tokio::test]
    async fn a_call_that_waits_for_ever_is_stopped_by_the_deadline() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        assert!(meter(std::future::pending::<()>(), DEADLINE, &seat(), &totals, &mut usage).await.is_err());
        assert_eq!(usage.slices, 1);
    }

    #[tokio::test]
    async fn waiting_for_credit_stops_the_clock_of_the_deadline_and_of_host_calls() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let seat = Cpu::new(1.0, 1).seat(100, Some(0.25));
        seat.charge(Duration::from_millis(300));
        let clock = CallClock::start(DEADLINE);
        let end = clock.ends_at().unwrap();
        assert!(Metered::new(spin(), Arc::clone(&clock), &seat, &totals, &mut usage).await.is_err());
        let throttled = Duration::from_nanos(totals.throttled_nanoseconds.load(Relaxed));
        assert!(throttled > DEADLINE, "{throttled:?}");
        assert!(clock.ends_at().unwrap() >= end + throttled);
        assert!(usage.wall >= DEADLINE);
    }

    #[tokio::test]
    async fn a_call_that_returns_is_billed_and_its_answer_handed_on() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let call = async {
            burn(Duration::from_millis(2));
            give_way().await;
            7
        };
        assert_eq!(meter(call, Duration::from_secs(60), &seat(), &totals, &mut usage).await.unwrap(), 7);
        assert!(usage.cpu >= Duration::from_millis(2));
        assert_eq!(usage.slices, 2);
    }

    #[cfg(feature = "http")]
    #[tokio::test]
    async fn what_the_host_does_elsewhere_is_charged_once_to_the_call_and_its_share() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        // Far more than a slice takes, and than the share has saved.
        let (work, seat) = (Duration::from_secs(3_600), Cpu::new(1e6, 1).seat(100, Some(1.0)));
        let clock = CallClock::start(DEADLINE);
        let call = async {
            give_way().await;
            clock.work(work / 2);
            clock.work(work / 2);
        };
        assert!(Metered::new(call, Arc::clone(&clock), &seat, &totals, &mut usage).await.is_ok());
        assert!((work..work + work / 2).contains(&usage.cpu), "{:?}", usage.cpu);
        assert!(usage.longest_slice < work / 2, "no stretch of fuel took that long");
        assert!((work / 2..work + work / 2).contains(&seat.debt(Instant::now())));
        assert_eq!(Duration::from_nanos(totals.cpu_nanoseconds.load(Relaxed)), usage.cpu);
    }

    #[tokio::test]
    async fn stretches_that_are_short_share_a_turn() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let call = async {
            for _ in 0..1_000 {
                give_way().await;
            }
        };
        meter(call, Duration::from_secs(60), &seat(), &totals, &mut usage).await.unwrap();
        assert!(usage.slices < 500, "{}", usage.slices);
    }

    #[tokio::test]
    async fn an_answer_that_comes_with_the_deadline_still_counts() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let call = async { burn(Duration::from_millis(5)) };
        assert!(meter(call, Duration::from_millis(1), &seat(), &totals, &mut usage).await.is_ok());
    }

    /// Longer than a look, and than the deadline that goes with it.
    const STOOD_STILL: Duration = Duration::from_millis(1_200);
    const SHORTER: Duration = Duration::from_millis(800);

    /// Polls a call, has the whole thread stand still, and polls it again.
    fn poll_across_a_standstill(call: impl Future, deadline: Duration) -> (bool, Duration) {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        let (waker, seat, clock) = (Waker::from(Arc::new(Asleep)), seat(), CallClock::start(deadline));
        let mut cx = Context::from_waker(&waker);
        let mut metered = Box::pin(Metered::new(call, Arc::clone(&clock), &seat, &totals, &mut usage));
        assert!(metered.as_mut().poll(&mut cx).is_pending());
        std::thread::sleep(STOOD_STILL);
        (metered.as_mut().poll(&mut cx).is_ready(), clock.elapsed(Instant::now()))
    }

    #[test]
    fn p5_a_call_that_waits_while_the_process_stands_still_is_not_late() {
        let (has_ended, elapsed) = poll_across_a_standstill(std::future::pending::<()>(), SHORTER);
        assert!(!has_ended && elapsed < SHORTER, "{elapsed:?}");
    }

    #[test]
    fn p5_a_call_that_computes_while_the_process_stands_still_is_not_late_and_goes_on() {
        let call = async {
            let mut has_stood = false;
            loop {
                if !std::mem::replace(&mut has_stood, true) {
                    std::thread::sleep(STOOD_STILL);
                }
                give_way().await;
            }
        };
        let (has_ended, elapsed) = poll_across_a_standstill(call, SHORTER);
        assert!(!has_ended && elapsed < SHORTER, "{elapsed:?}");
    }

    #[tokio::test]
    async fn a_call_that_waits_for_longer_than_a_look_is_stopped_by_the_deadline_all_the_same() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        let deadline = LOOK_EVERY + DEADLINE;
        assert!(meter(std::future::pending::<()>(), deadline, &seat(), &totals, &mut usage).await.is_err());
        assert_eq!((usage.slices, usage.wall >= deadline), (2, true));
    }

    struct Asleep;

    impl Wake for Asleep {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_slice_that_panics_is_paid_for_and_gives_its_turn_back() {
        let (totals, mut usage) = (Totals::default(), CallUsage::default());
        // Plenty: the panic's own message takes CPU time too.
        let cpu = Cpu::new(1e6, 1);
        let (bad, good) = (cpu.seat(100, Some(0.5)), cpu.seat(100, None));
        let call = async {
            burn(Duration::from_millis(2));
            panic!("in a host function");
        };
        let (waker, clock) = (Waker::from(Arc::new(Asleep)), CallClock::start(DEADLINE));
        let mut cx = Context::from_waker(&waker);
        let mut metered = Box::pin(Metered::new(call, clock, &bad, &totals, &mut usage));
        let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| metered.as_mut().poll(&mut cx).is_ready()));
        assert!(panicked.is_err());
        drop(metered);
        assert!(usage.cpu >= Duration::from_millis(2) && cpu.state().cpu >= Duration::from_millis(2));
        assert!(matches!(good.ask(&waker, Instant::now()), super::super::cpu::Answer::Go { .. }), "the turn is lost");
    }
}
