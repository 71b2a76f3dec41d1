//! `clock`: the time, coarse, so that it is no stopwatch for what the neighbours do.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime::component::Linker;

use super::{CALL, Paced, charge};
use crate::bindings::v0_1::imports::clock;

/// How coarse the clock is. Granted to every exporter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockGrant {
    /// Times are multiples of this.
    pub(crate) resolution: Duration,
}

impl Default for ClockGrant {
    fn default() -> Self {
        Self { resolution: Duration::from_millis(1) }
    }
}

/// Where monotonic time starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockCtx {
    grant: ClockGrant,
    start: Instant,
}

impl ClockCtx {
    /// A clock whose monotonic time starts now.
    pub(crate) fn new(grant: ClockGrant) -> Self {
        Self { grant, start: Instant::now() }
    }

    /// Time since the Unix epoch, coarse; zero before it.
    pub(crate) fn wall(&self) -> Duration {
        self.coarsen(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// Time since the start, coarse.
    pub(crate) fn monotonic(&self) -> Duration {
        self.coarsen(self.start.elapsed())
    }

    /// What times are multiples of.
    pub(crate) fn resolution(&self) -> Duration {
        self.grant.resolution
    }

    fn coarsen(&self, time: Duration) -> Duration {
        let resolution = self.grant.resolution.as_nanos().max(1);
        let coarse = time.as_nanos() / resolution * resolution;
        Duration::from_nanos(u64::try_from(coarse).unwrap_or(u64::MAX))
    }
}

/// The clock of one call.
#[derive(Debug)]
pub(crate) struct ClockView<'a> {
    /// The exporter's clock.
    pub(crate) ctx: &'a ClockCtx,
}

impl clock::Host for ClockView<'_> {
    fn now(&mut self) -> u64 {
        nanoseconds(self.ctx.wall())
    }

    fn monotonic(&mut self) -> u64 {
        nanoseconds(self.ctx.monotonic())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Answers `spangate:exporter/clock`.
///
/// # Errors
/// If the linker has that interface already.
pub(crate) fn link<T: Paced>(linker: &mut Linker<T>, get_view: fn(&mut T) -> ClockView<'_>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("spangate:exporter/clock@0.1.0")?;
    instance.func_wrap_async("now", move |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((clock::Host::now(&mut get_view(store.data_mut())),))
        })
    })?;
    instance.func_wrap_async("monotonic", move |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((clock::Host::monotonic(&mut get_view(store.data_mut())),))
        })
    })
}

#[cfg(test)]
mod tests {
    use clock::Host;

    use super::*;

    #[test]
    fn times_are_multiples_of_the_resolution() {
        let ctx = ClockCtx::new(ClockGrant::default());
        let mut view = ClockView { ctx: &ctx };
        assert_eq!(view.now() % 1_000_000, 0);
        assert_eq!(view.monotonic() % 1_000_000, 0);
        assert!(view.now() > 1_600_000_000_000_000_000);
    }

    #[test]
    fn monotonic_time_never_goes_back() {
        let ctx = ClockCtx::new(ClockGrant::default());
        let mut view = ClockView { ctx: &ctx };
        let times: Vec<_> = (0..100).map(|_| view.monotonic()).collect();
        assert!(times.is_sorted());
    }
}
