//! Brings in what was recorded in this process, and cuts batches whose rows have waited long enough.

use std::{sync::Arc, time::Duration};

use spangate_core::signal::Signal;
use tokio::{sync::watch, time::sleep};

use super::{
    caught::ends_well,
    flow::{Pipeline, Share},
};
use crate::telemetry::Level;

/// Between a panic and the next try.
const RESTART: Duration = Duration::from_millis(100);

/// However short `schedule_delay` is, what is recorded is collected no more often than this, unless there is much.
const SHORTEST_TICK: Duration = Duration::from_millis(1);

/// Collects until the pipeline is closed, whatever happens.
pub(super) async fn keep_collecting(pipeline: Arc<Pipeline>, mut cut_off: watch::Receiver<bool>) {
    while !ends_well(collect(&pipeline, &mut cut_off)).await {
        pipeline.log.say(Level::Error, "pipeline", format_args!("the collector panicked and begins anew"));
        sleep(RESTART).await;
    }
}

async fn collect(pipeline: &Pipeline, cut_off: &mut watch::Receiver<bool>) {
    let clock = pipeline.clock();
    let delay = pipeline.schedule_delay().max(SHORTEST_TICK);
    let mut next_tick = clock.monotonic().saturating_add(delay);
    while !*cut_off.borrow() {
        let mut woken = std::pin::pin!(pipeline.collector_woken());
        // Registered before anything is looked at: what comes in between wakes it again.
        woken.as_mut().enable();
        let now = clock.monotonic();
        if now >= next_tick {
            pipeline.collect_recorded(Share::All, now);
            next_tick = now.saturating_add(delay);
        } else {
            pipeline.collect_recorded(Share::Ready, now);
        }
        pipeline.offer_due(now);
        // What a receiver adds meanwhile is due a whole `schedule_delay` later, which is behind the next tick.
        let due = Signal::ALL.iter().filter_map(|signal| pipeline.entrance(*signal).next_deadline()).min();
        let wake_at = due.map_or(next_tick, |due| due.min(next_tick));
        tokio::select! {
            () = woken => {}
            () = sleep(wake_at.saturating_sub(now)) => {}
            _ = cut_off.changed() => {}
        }
    }
}
