//! The ports as others see them.

use std::{net::SocketAddr, sync::Arc};

use super::receivers::ReceiverView;
use crate::status::ReceiverStatus;

/// The ports as others see them.
pub(in super::super) struct PortsView {
    receivers: Vec<Arc<ReceiverView>>,
}

impl PortsView {
    pub(super) fn new(receivers: Vec<Arc<ReceiverView>>) -> Self {
        Self { receivers }
    }

    pub(in super::super) fn statuses(&self) -> Vec<ReceiverStatus> {
        self.receivers.iter().map(|receiver| receiver.status()).collect()
    }

    /// Names of receivers that do not listen (any more).
    pub(in super::super) fn unbound(&self) -> impl Iterator<Item = &'static str> {
        self.receivers.iter().filter(|receiver| !receiver.is_bound()).map(|receiver| receiver.name)
    }

    pub(in super::super) fn local_addr(&self, receiver: &str) -> Option<SocketAddr> {
        self.receivers.iter().find(|view| view.name == receiver).map(|view| view.local_addr)
    }
}
