//! How everything of a listener learns that it is to stop.

use tokio::sync::watch;

/// Waits until the listener is to stop.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the listener was dropped.
    let _ = stopping.wait_for(|stop| *stop).await;
}
