//! One host call and one copy for a column, at the guest's expense.

use std::sync::Arc;

use spangate_core::columns::Columns;
use wasmtime::{
    StoreContextMut,
    component::{ComponentType, LinkerInstance, Lower, Resource},
};

use crate::{
    bindings::v0_1::{BatchHandle, imports::batch::Owner},
    capability::{CALL, charge},
    sandbox::{
        guest::{Guest, Lent},
        observer::Read,
    },
};

pub(super) type Handle = Resource<BatchHandle>;

/// A column as it crosses over, and how many bytes are copied.
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

impl Column for Option<String> {
    fn bytes(&self) -> usize {
        self.as_ref().map_or(0, String::len)
    }
}

macro_rules! scalar_columns {
    ($($scalar:ty),+) => { $(impl Column for $scalar { fn bytes(&self) -> usize { 0 } })+ };
}

scalar_columns!(u32, bool);

/// Answers one getter: finds the batch, pays, hands the column out.
pub(super) async fn pull<C: Column>(
    store: &mut StoreContextMut<'_, Guest>,
    handle: &Handle,
    read: Read,
    get: impl FnOnce(&Lent) -> C,
) -> wasmtime::Result<(C,)> {
    let column = get(store.data().lent(handle)?);
    store.data().tell_read(read);
    charge(store, CALL + column.bytes() as u64).await?;
    Ok((column,))
}

/// Links a getter without arguments.
pub(super) fn getter<C: Column>(
    instance: &mut LinkerInstance<'_, Guest>,
    name: &str,
    read: Read,
    get: fn(&Lent) -> C,
) -> wasmtime::Result<()> {
    instance.func_wrap_async(name, move |mut store, (handle,): (Handle,)| {
        Box::new(async move { pull(&mut store, &handle, read, get).await })
    })
}

/// Links a getter per kind of owner.
pub(super) fn owner_getter<C: Column>(
    instance: &mut LinkerInstance<'_, Guest>,
    name: &str,
    read: Read,
    get: fn(&Columns, usize) -> C,
) -> wasmtime::Result<()> {
    instance.func_wrap_async(name, move |mut store, (handle, of): (Handle, Owner)| {
        Box::new(async move { pull(&mut store, &handle, read, |lent| get(lent.batch.columns(), row_of(of))).await })
    })
}

/// Where the attribute table of `of` is in [`Columns::attributes`].
fn row_of(of: Owner) -> usize {
    use spangate_core::columns::Owner as Row;
    (match of {
        Owner::Span => Row::Span,
        Owner::SpanEvent => Row::SpanEvent,
        Owner::SpanLink => Row::SpanLink,
        Owner::Scope => Row::Scope,
        Owner::Resource => Row::Resource,
        Owner::Event => Row::Event,
    }) as usize
}
