//! What a build without the feature `receivers` has in the place of ports.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use super::super::{
    error::{Problems, StartError, StartProblem},
    io::IoThreads,
    view::View,
};
use crate::{config::Config, status::ReceiverStatus, telemetry::Log};

/// No ports.
pub(in super::super) struct Ports;

/// No ports, as others see them.
pub(in super::super) struct PortsView;

impl Ports {
    /// Opens nothing.
    ///
    /// # Errors
    /// [`StartProblem::NotBuilt`] for every port that the configuration wants.
    pub(in super::super) fn open(
        _io: &IoThreads,
        config: &Config,
        view: &Arc<View>,
        _log: &Log,
    ) -> Result<Self, StartError> {
        let mut problems = Problems::default();
        for (table, is_wanted) in [
            ("receivers.otlp_http", config.receivers.otlp_http.is_some()),
            ("receivers.otlp_grpc", config.receivers.otlp_grpc.is_some()),
            ("admin", config.admin.is_some()),
        ] {
            if is_wanted {
                problems.add(StartProblem::NotBuilt { table: table.to_owned(), feature: "receivers" });
            }
        }
        problems.into_result()?;
        let _ = view.ports.set(PortsView);
        Ok(Self)
    }

    pub(in super::super) fn admin_addr(&self) -> Option<SocketAddr> {
        None
    }

    pub(in super::super) async fn close_receivers(&self, _deadline: Duration) {}

    pub(in super::super) async fn close_admin(&self, _deadline: Duration) {}
}

impl PortsView {
    pub(in super::super) fn statuses(&self) -> Vec<ReceiverStatus> {
        Vec::new()
    }

    pub(in super::super) fn unbound(&self) -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }

    pub(in super::super) fn local_addr(&self, _receiver: &str) -> Option<SocketAddr> {
        None
    }
}
