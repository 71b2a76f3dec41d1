//! What a build without the feature `http` has in its place: an exporter that imports it is refused when it is loaded, so
//! none of this is ever asked for anything.

use std::{convert::Infallible, marker::PhantomData, sync::Arc};

use spangate_core::batch::Batch;
use tokio::runtime::Handle;
use wasmtime::component::Linker;

use super::{CallClock, Paced};
use crate::{bindings::Payloads, config, telemetry::SparingLog};

/// `[grants.http]`, granting nothing.
#[derive(Debug)]
pub(crate) struct HttpGrant;

impl HttpGrant {
    /// Whatever was granted, nobody can use it.
    ///
    /// # Errors
    /// None.
    pub(crate) fn new(_: &config::HttpGrant) -> Result<Self, Vec<Infallible>> {
        Ok(Self)
    }
}

/// No connections.
#[derive(Debug)]
pub(crate) struct HttpClient;

/// Nothing was used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HttpUsage {
    pub(crate) requests: u64,
    pub(crate) denied: u64,
    pub(crate) over_quota: u64,
    pub(crate) in_flight: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
}

impl HttpClient {
    pub(crate) fn new(_: Arc<HttpGrant>, _: usize, _: Handle, _: Arc<SparingLog>) -> Arc<Self> {
        Arc::new(Self)
    }

    pub(crate) fn usage(&self) -> HttpUsage {
        HttpUsage::default()
    }
}

/// No backend, no refusal.
pub(crate) type Refused = Infallible;

/// Nothing is left of a grant.
#[derive(Debug)]
pub(crate) struct HttpCtx;

impl HttpCtx {
    pub(crate) fn new(_: Arc<HttpClient>) -> Self {
        Self
    }

    pub(crate) fn begin_call(&mut self, _: Option<Arc<CallClock>>) {}

    pub(crate) fn has_sent(&self) -> bool {
        false
    }

    pub(crate) fn lend(&mut self, _: Option<Arc<Batch>>) {}

    pub(crate) fn take_refused(&mut self) -> Option<Refused> {
        None
    }
}

/// The http of one call, which can do nothing.
#[derive(Debug)]
pub(crate) struct HttpView<'a>(PhantomData<&'a ()>);

impl<'a> HttpView<'a> {
    pub(crate) fn new(_: &'a mut HttpCtx, _: &'a mut Payloads) -> Self {
        Self(PhantomData)
    }
}

/// Links nothing.
///
/// # Errors
/// None.
pub(crate) fn link<T: Paced>(_: &mut Linker<T>, _: fn(&mut T) -> HttpView<'_>) -> wasmtime::Result<()> {
    Ok(())
}
