//! `batch`, `spans` and `events`: one host call and one copy per column.
//!
//! Linked by hand: columns cross as the `Arc` they are kept in, and every call pays fuel for the bytes it copies.

use std::{io::Write, sync::Arc};

use bytes::Bytes;
use flate2::{Compression as GzipLevel, write::GzEncoder};
use spangate_core::{batch::Batch, columns::Columns};
use wasmtime::{
    StoreContextMut,
    component::{ComponentType, Linker, LinkerInstance, Lower, Resource, ResourceType},
};

use super::{
    guest::{Guest, Lent, StaleBatch},
    observer::Read,
};
use crate::{
    bindings::{
        Payload,
        v0_1::{
            BatchHandle,
            imports::batch::{Compression, Encoding, Framing, Owner, PayloadForm},
        },
    },
    capability::{CALL, charge},
};

type Handle = Resource<BatchHandle>;

/// Fuel for one byte that is compressed.
const PER_COMPRESSED_BYTE: u64 = 100;
/// Bytes compressed between two chances for others.
const GZIP_STEP: usize = 64 << 10;

/// A column as it crosses over, and how many bytes are copied.
trait Column: ComponentType + Lower + Send + Sync + 'static {
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
async fn pull<C: Column>(
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
fn getter<C: Column>(
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
fn owner_getter<C: Column>(
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

/// Links getters of columns: `name` is the function in WIT, the rest is the path inside [`Columns`].
macro_rules! columns {
    ($instance:expr, $interface:literal, $($name:literal => $table:ident $(. $column:ident)?),+ $(,)?) => {
        $(getter($instance, $name, Read::Column($interface, $name), |lent| {
            lent.batch.columns().$table$(.$column)?.clone()
        })?;)+
    };
}

/// Links getters of columns that are methods of a batch, `name` the method.
macro_rules! batch_columns {
    ($instance:expr, $($name:literal => $table:ident $(. $column:ident)?),+ $(,)?) => {
        $(getter($instance, concat!("[method]batch.", $name), Read::Column("batch", $name), |lent| {
            lent.batch.columns().$table$(.$column)?.clone()
        })?;)+
    };
}

/// Links columns per kind of owner.
macro_rules! owner_columns {
    ($instance:expr, $($name:literal => $column:ident),+ $(,)?) => {
        $(owner_getter($instance, concat!("[method]batch.", $name), Read::Column("batch", $name), |columns, of| {
            columns.attributes[of].$column.clone()
        })?;)+
    };
}

/// Answers `spangate:exporter/batch`, `spans` and `events`.
///
/// # Errors
/// If the linker has one of them already.
pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    let instance = &mut linker.instance("spangate:exporter/batch@0.1.0")?;
    link_resources(instance)?;
    link_scalars(instance)?;
    link_views(instance)?;
    link_tables(instance)?;
    link_spans(&mut linker.instance("spangate:exporter/spans@0.1.0")?)?;
    link_events(&mut linker.instance("spangate:exporter/events@0.1.0")?)
}

fn link_resources(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    instance.resource("batch", ResourceType::host::<BatchHandle>(), |mut store, _| {
        store.data_mut().dropped_handle();
        Ok(())
    })?;
    instance.resource("payload", ResourceType::host::<Payload>(), |mut store, number| {
        store.data_mut().payloads.forget(number);
        Ok(())
    })?;
    instance.func_wrap_async("[method]payload.len", |mut store, (payload,): (Resource<Payload>,)| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            let payload = store.data().payloads.get(&payload).ok_or(StaleBatch)?;
            Ok((payload.len() as u64,))
        })
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

fn link_views(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    getter(instance, "[method]batch.otlp", Read::View("otlp"), |lent| lent.batch.otlp().to_vec())?;
    getter(instance, "[method]batch.otlp-json", Read::View("otlp-json"), |lent| lent.batch.otlp_json())?;
    getter(instance, "[method]batch.text-bytes", Read::Column("batch", "text-bytes"), |lent| {
        lent.batch.columns().text.as_bytes().to_vec()
    })?;
    batch_columns!(instance, "text" => text, "bytes" => bytes);
    instance.func_wrap_async("[method]batch.to-payload", |mut store, (handle, form): (Handle, PayloadForm)| {
        Box::new(async move {
            let batch = Arc::clone(&store.data().lent(&handle)?.batch);
            store.data().tell_read(Read::View("payload"));
            charge(&mut store, CALL).await?;
            let payload = write_payload(&mut store, &batch, form).await?;
            let handle = store.data_mut().payloads.push(payload)?;
            Ok((handle,))
        })
    })
}

fn link_tables(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    owner_columns!(
        instance,
        "attribute-ends" => end,
        "attribute-keys" => key,
        "attribute-types" => kind,
        "attribute-values" => value,
    );
    batch_columns!(
        instance,
        "nested-keys" => nested.key,
        "nested-types" => nested.kind,
        "nested-values" => nested.value,
        "scope-names" => scopes.name,
        "scope-versions" => scopes.version,
        "scope-schema-urls" => scopes.schema_url,
        "scope-dropped-attributes" => scopes.dropped_attributes,
        "scope-resources" => scopes.resource,
        "resource-schema-urls" => resources.schema_url,
        "resource-dropped-attributes" => resources.dropped_attributes,
    );
    Ok(())
}

fn link_spans(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    columns!(
        instance,
        "spans",
        "trace-ids" => spans.trace_id,
        "span-ids" => spans.span_id,
        "parent-span-ids" => spans.parent_span_id,
        "trace-states" => spans.trace_state,
        "flags" => spans.flags,
        "names" => spans.name,
        "kinds" => spans.kind,
        "start-times" => spans.start_time,
        "end-times" => spans.end_time,
        "status-codes" => spans.status_code,
        "status-messages" => spans.status_message,
        "dropped-attributes" => spans.dropped_attributes,
        "dropped-events" => spans.dropped_events,
        "dropped-links" => spans.dropped_links,
        "scopes" => spans.scope,
        "event-ends" => spans.event_end,
        "link-ends" => spans.link_end,
        "event-times" => span_events.time,
        "event-names" => span_events.name,
        "event-dropped-attributes" => span_events.dropped_attributes,
        "link-trace-ids" => span_links.trace_id,
        "link-span-ids" => span_links.span_id,
        "link-trace-states" => span_links.trace_state,
        "link-flags" => span_links.flags,
        "link-dropped-attributes" => span_links.dropped_attributes,
    );
    Ok(())
}

fn link_events(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    columns!(
        instance,
        "events",
        "times" => events.time,
        "observed-times" => events.observed_time,
        "severity-numbers" => events.severity_number,
        "severity-texts" => events.severity_text,
        "names" => events.name,
        "body-types" => events.body_type,
        "body-values" => events.body_value,
        "trace-ids" => events.trace_id,
        "span-ids" => events.span_id,
        "flags" => events.flags,
        "dropped-attributes" => events.dropped_attributes,
        "scopes" => events.scope,
    );
    Ok(())
}

/// The shared view itself as bytes, without a copy.
struct Json(Arc<String>);

impl AsRef<[u8]> for Json {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The batch as a request's body.
async fn write_payload(
    store: &mut StoreContextMut<'_, Guest>,
    batch: &Batch,
    form: PayloadForm,
) -> wasmtime::Result<Payload> {
    let plain = match form.encoding {
        Encoding::Protobuf => batch.otlp(),
        Encoding::Json => Bytes::from_owner(Json(batch.otlp_json())),
    };
    let (message, is_compressed) = match form.compression {
        Compression::Identity => (plain, false),
        Compression::Gzip => (gzip(store, &plain).await?, true),
    };
    Ok(match form.framing {
        Framing::Plain => Payload::plain(message),
        Framing::Grpc => Payload::framed(message, is_compressed),
    })
}

/// Compresses in steps, each of which pays and gives way.
async fn gzip(store: &mut StoreContextMut<'_, Guest>, plain: &[u8]) -> wasmtime::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), GzipLevel::fast());
    for step in plain.chunks(GZIP_STEP) {
        charge(store, PER_COMPRESSED_BYTE * step.len() as u64).await?;
        encoder.write_all(step)?;
    }
    Ok(encoder.finish()?.into())
}
