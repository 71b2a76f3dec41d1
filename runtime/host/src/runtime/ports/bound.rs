//! Ports at work: opened together or not at all, receivers closed first and the admin endpoint last.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::task::JoinSet;

use super::{
    super::{
        error::{Problems, StartError, StartProblem},
        io::IoThreads,
        view::View,
    },
    ports_view::PortsView,
    receivers::{RunningReceiver, start_receivers},
};
use crate::{
    admin::{BoundAdmin, start_admin},
    config::{self, Config},
    receiver::BindError,
    telemetry::Log,
};

/// What opening the ports may take.
const BINDING: Duration = Duration::from_secs(10);

/// The receivers and the admin endpoint.
pub(in super::super) struct Ports {
    receivers: Mutex<Vec<RunningReceiver>>,
    admin: Mutex<Option<BoundAdmin>>,
    admin_addr: Option<SocketAddr>,
}

impl Ports {
    /// Opens every port of the configuration, and shows them to `view`.
    ///
    /// # Errors
    /// One problem for every port that cannot be had; then none is open.
    pub(in super::super) fn open(
        io: &IoThreads,
        config: &Config,
        view: &Arc<View>,
        log: &Log,
    ) -> Result<Self, StartError> {
        let (receivers, admin) = (config.receivers.clone(), config.admin);
        let (opening_view, opening_log) = (view.clone(), log.clone());
        let opened = io.wait(BINDING, async move {
            let receivers = start_receivers(receivers, opening_view.pipeline.clone(), opening_log.clone()).await;
            let admin = start_admin_if(admin, opening_view, opening_log).await;
            (receivers, admin)
        });
        let (receivers, admin) = opened.ok_or(StartProblem::TimedOut { what: "opening the ports", limit: BINDING })?;
        let mut problems = Problems::default();
        let receivers = receivers.unwrap_or_else(|errors| {
            errors.into_iter().for_each(|error| problems.add(error));
            Vec::new()
        });
        let admin = admin.unwrap_or_else(|error| {
            problems.add(error);
            None
        });
        problems.into_result()?;
        // Set once, here: nobody else has it yet.
        let _ = view.ports.set(PortsView::new(receivers.iter().map(|one| one.view.clone()).collect()));
        Ok(Self {
            receivers: Mutex::new(receivers),
            admin_addr: admin.as_ref().map(BoundAdmin::local_addr),
            admin: Mutex::new(admin),
        })
    }

    pub(in super::super) fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_addr
    }

    /// Closes the receivers, lets requests that have begun finish, cuts what is left after `deadline`.
    pub(in super::super) async fn close_receivers(&self, deadline: Duration) {
        let receivers = std::mem::take(&mut *self.receivers.lock().unwrap_or_else(PoisonError::into_inner));
        let mut stopping = JoinSet::new();
        for receiver in receivers {
            stopping.spawn(receiver.stop(deadline));
        }
        while stopping.join_next().await.is_some() {}
    }

    /// Closes the admin endpoint in the same way.
    pub(in super::super) async fn close_admin(&self, deadline: Duration) {
        let admin = self.admin.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(admin) = admin {
            admin.stop(deadline).await;
        }
    }
}

async fn start_admin_if(
    config: Option<config::Admin>,
    view: Arc<View>,
    log: Log,
) -> Result<Option<BoundAdmin>, BindError> {
    match config {
        Some(config) => start_admin(config, view, log).await.map(Some),
        None => Ok(None),
    }
}
