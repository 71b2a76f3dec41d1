//! A batch as a request's body, held by the host.

/// How a payload is written, compressed and framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PayloadForm {
    /// How it is written.
    pub encoding: Encoding,
    /// How it is compressed. Set `content-encoding` (or `grpc-encoding`) to match.
    pub compression: Compression,
    /// How it is framed.
    pub framing: Framing,
}

impl PayloadForm {
    /// OTLP protobuf, neither compressed nor framed.
    pub const fn protobuf() -> Self {
        Self { encoding: Encoding::Protobuf, compression: Compression::Identity, framing: Framing::Plain }
    }

    /// OTLP JSON, neither compressed nor framed.
    pub const fn json() -> Self {
        Self { encoding: Encoding::Json, ..Self::protobuf() }
    }

    /// The same, compressed.
    pub const fn compressed(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// The same, framed.
    pub const fn framed(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }
}

/// How a payload is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// OTLP protobuf.
    #[default]
    Protobuf,
    /// OTLP's JSON encoding.
    Json,
}

/// How a payload is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all. In settings `"none"`.
    #[default]
    #[serde(rename = "none")]
    Identity,
    /// RFC 1952. In settings `"gzip"`.
    Gzip,
}

impl Compression {
    /// The value of a `content-encoding` header; absent if there is none to set.
    pub const fn content_encoding(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
        }
    }
}

/// How a payload is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Not at all.
    #[default]
    Plain,
    /// gRPC's five-byte message prefix.
    Grpc,
}

/// A body that stays in the host until a request carries it out. Sending consumes it.
#[cfg(target_family = "wasm")]
pub struct Payload(pub(crate) crate::bindings::spangate::exporter::batch::Payload);

/// A body that stays in the host until a request carries it out. Sending consumes it.
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What the exporter asked for.
    pub form: PayloadForm,
    /// The batch as the test gave it in this encoding, neither compressed nor framed.
    pub bytes: Vec<u8>,
}

#[cfg(target_family = "wasm")]
impl Payload {
    pub(crate) fn from_host(payload: crate::bindings::spangate::exporter::batch::Payload) -> Self {
        Self(payload)
    }

    /// Size in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a payload is never empty")]
    pub fn len(&self) -> u64 {
        self.0.len()
    }
}

#[cfg(not(target_family = "wasm"))]
impl Payload {
    pub(crate) fn from_fixture(fixture: &crate::testing::Fixture, form: PayloadForm) -> Self {
        let bytes = match form.encoding {
            Encoding::Protobuf => fixture.otlp.clone(),
            Encoding::Json => fixture.otlp_json.clone().into_bytes(),
        };
        Self { form, bytes }
    }

    /// Size in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a payload is never empty")]
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

#[cfg(target_family = "wasm")]
impl From<PayloadForm> for crate::bindings::spangate::exporter::batch::PayloadForm {
    fn from(form: PayloadForm) -> Self {
        use crate::bindings::spangate::exporter::batch;
        Self {
            encoding: match form.encoding {
                Encoding::Protobuf => batch::Encoding::Protobuf,
                Encoding::Json => batch::Encoding::Json,
            },
            compression: match form.compression {
                Compression::Identity => batch::Compression::Identity,
                Compression::Gzip => batch::Compression::Gzip,
            },
            framing: match form.framing {
                Framing::Plain => batch::Framing::Plain,
                Framing::Grpc => batch::Framing::Grpc,
            },
        }
    }
}
