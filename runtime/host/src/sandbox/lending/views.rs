//! The batch as a whole: in OTLP, or as the body of a request.

use std::{io::Write, sync::Arc};

use bytes::Bytes;
use flate2::{Compression as GzipLevel, write::GzEncoder};
use spangate_core::batch::Batch;
use wasmtime::{
    StoreContextMut,
    component::{LinkerInstance, Resource, ResourceType},
};

use super::getter::{Handle, getter};
use crate::{
    bindings::{
        Payload,
        v0_1::imports::batch::{Compression, Encoding, Framing, PayloadForm},
    },
    capability::{CALL, charge},
    sandbox::{
        guest::{Guest, StaleBatch},
        observer::Read,
    },
};

/// Fuel for one byte that is compressed.
const PER_COMPRESSED_BYTE: u64 = 100;
/// Bytes compressed between two chances for others.
const GZIP_STEP: usize = 64 << 10;

pub(super) fn link_views(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
    getter(instance, "[method]batch.otlp", Read::View("otlp"), |lent| lent.batch.otlp().to_vec())?;
    getter(instance, "[method]batch.otlp-json", Read::View("otlp-json"), |lent| lent.batch.otlp_json())?;
    getter(instance, "[method]batch.text-bytes", Read::Column("batch", "text-bytes"), |lent| {
        lent.batch.columns().text.as_bytes().to_vec()
    })?;
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

/// Links the bodies of requests.
pub(super) fn link_payload(instance: &mut LinkerInstance<'_, Guest>) -> wasmtime::Result<()> {
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
