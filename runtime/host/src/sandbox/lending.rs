//! `batch`, `spans` and `events`: one host call and one copy per column.
//!
//! Linked by hand: columns cross as the `Arc` they are kept in, and every call pays fuel for the bytes it copies.

mod getter;
mod tables;
mod views;

use wasmtime::component::{Linker, LinkerInstance, ResourceType};

use self::{
    getter::{Handle, getter, pull},
    tables::{link_events, link_spans, link_tables},
    views::{link_payload, link_views},
};
use super::{guest::Guest, observer::Read};
use crate::{bindings::v0_1::BatchHandle, capability::charge};

/// Answers `spangate:exporter/batch`, `spans` and `events`.
///
/// # Errors
/// If the linker has one of them already.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let instance = &mut linker.instance("spangate:exporter/batch@0.1.0")?;
    link_batch(instance)?;
    link_payload(instance)?;
    link_scalars(instance)?;
    link_views(instance)?;
    link_tables(instance)?;
    link_spans(&mut linker.instance("spangate:exporter/spans@0.1.0")?)?;
    link_events(&mut linker.instance("spangate:exporter/events@0.1.0")?)
}

fn link_batch(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    instance.resource("batch", ResourceType::host::<BatchHandle>(), |mut store, _| {
        store.data_mut().dropped_handle();
        Ok(())
    })
}

fn link_scalars(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    getter(instance, "[method]batch.id", Read::Nothing, |lent| lent.batch.id().0.to_vec())?;
    getter(instance, "[method]batch.attempt", Read::Nothing, |lent| lent.attempt)?;
    getter(instance, "[method]batch.len", Read::Nothing, |lent| lent.batch.len())?;
    getter(instance, "[method]batch.text-is-ascii", Read::Nothing, |lent| lent.batch.columns().text_is_ascii)?;
    instance.func_wrap_async("[method]batch.metadata", |mut store, (handle, key): (Handle, String)| {
        Box::new(async move {
            charge(&mut store, 2 * key.len() as u64).await?;
            pull(&mut store, &handle, Read::Nothing, |lent| lent.batch.metadata(&key).map(str::to_owned)).await
        })
    })
}
