//! The host's side of a guest: one batch, and a backend that takes everything.

use std::sync::Arc;

use spangate_core::batch::Batch;
use wasmtime::{
    StoreContextMut,
    component::{Component, ComponentType, Linker, LinkerInstance, Lower, Resource, ResourceType},
};

use super::{
    bindings::{
        BatchHandle, PayloadHandle,
        imports::{
            batch::Owner,
            http::{Error, Request, Response},
        },
    },
    columns,
};

/// Fuel of any host call, as in the sandbox.
const CALL: u64 = 500;

/// What the store holds.
pub(super) struct Host {
    pub(super) batch: Arc<Batch>,
    /// Whether host calls cost fuel.
    pub(super) burns_fuel: bool,
    /// Requests that the guest has sent, and their bytes.
    pub(super) requests: u64,
}

pub(super) type Instance<'a> = LinkerInstance<'a, Host>;
type Handle = Resource<BatchHandle>;

/// A column, and how many bytes of it are copied.
pub(super) trait Column: ComponentType + Lower + Send + Sync + 'static {
    fn bytes(&self) -> usize;
}

impl Column for Arc<Vec<u8>> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Column for Arc<Vec<u32>> {
    fn bytes(&self) -> usize {
        self.len() * size_of::<u32>()
    }
}

impl Column for Arc<String> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Column for Vec<u8> {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Column for u32 {
    fn bytes(&self) -> usize {
        0
    }
}

impl Column for bool {
    fn bytes(&self) -> usize {
        0
    }
}

/// Links a getter.
///
/// # Errors
/// If there is one of this name.
pub(super) fn getter<C: Column>(instance: &mut Instance<'_>, name: &str, get: fn(&Batch) -> C) -> wasmtime::Result<()> {
    instance.func_wrap_async(name, move |mut store, (_,): (Handle,)| Box::new(async move { pull(&mut store, get) }))
}

/// Links a getter with an argument that says whose.
///
/// # Errors
/// If there is one of this name.
pub(super) fn owner_getter<C: Column>(
    instance: &mut Instance<'_>,
    name: &str,
    get: fn(&Batch, usize) -> C,
) -> wasmtime::Result<()> {
    instance.func_wrap_async(name, move |mut store, (_, of): (Handle, Owner)| {
        Box::new(async move { pull(&mut store, |batch| get(batch, of as usize)) })
    })
}

fn pull<C: Column>(store: &mut StoreContextMut<'_, Host>, get: impl FnOnce(&Batch) -> C) -> wasmtime::Result<(C,)> {
    let column = get(&store.data().batch);
    charge(store, column.bytes())?;
    Ok((column,))
}

fn charge(store: &mut StoreContextMut<'_, Host>, bytes: usize) -> wasmtime::Result<()> {
    if store.data().burns_fuel {
        let left = store.get_fuel()?.saturating_sub(CALL + bytes as u64);
        store.set_fuel(left)?;
    }
    Ok(())
}

/// Everything that exporters of spans use; what else they import traps when it is called.
///
/// # Errors
/// If the component imports what no host has.
pub(super) fn linker(component: &Component) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(component.engine());
    let batch = &mut linker.instance("spangate:exporter/batch@0.1.0")?;
    batch.resource("batch", ResourceType::host::<BatchHandle>(), |_, _| Ok(()))?;
    batch.resource("payload", ResourceType::host::<PayloadHandle>(), |_, _| Ok(()))?;
    columns::link_batch(batch)?;
    let spans = &mut linker.instance("spangate:exporter/spans@0.1.0")?;
    spans.resource("batch", ResourceType::host::<BatchHandle>(), |_, _| Ok(()))?;
    columns::link_spans(spans)?;
    let http = &mut linker.instance("spangate:exporter/http@0.1.0")?;
    http.resource("payload", ResourceType::host::<PayloadHandle>(), |_, _| Ok(()))?;
    http.func_wrap_async("send", |mut store, (request,): (Request,)| {
        Box::new(async move {
            drop(std::hint::black_box(request));
            charge(&mut store, 0)?;
            store.data_mut().requests += 1;
            let (headers, body, trailers) = Default::default();
            Ok((Ok::<_, Error>(Response { status: 202, headers, body, trailers }),))
        })
    })?;
    linker.define_unknown_imports_as_traps(component)?;
    Ok(linker)
}
