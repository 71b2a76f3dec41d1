//! The file that keeps what an exporter cannot take.
//!
//! Constraints:
//!
//! 1. A row counts as dead-lettered once its line is on the disk, and not before.
//! 2. The file is the operator's: nothing is ever deleted from it, it never has more than its bytes, and it may be moved
//!    away at any time.
//! 3. Nobody else can read along or have the lines written elsewhere: mode 0600, no link is followed, and a file of another
//!    user, or one that others can write to, is refused.
//! 4. No secret of the configuration is in it, whatever the exporter said in its panic.
//! 5. Nothing is in it that the exporter was not to see: whoever reads the file of one exporter learns no more than that
//!    exporter, and the line is what made it fault.
//!
//! Format, stable: `DIR/NAME.jsonl`, one line per isolated row or rows, each a request in OTLP's JSON encoding
//! (`ExportTraceServiceRequest`, or `ExportLogsServiceRequest` for events) with a first member of its own that readers of
//! OTLP ignore:
//!
//! ```json
//! {"spangate":{"dead_letter":1,"exporter":"billing","batch":"00112233445566778899aabbccddeeff","signal":"spans",
//!   "rows":1,"fault":{"kind":"trapped","detail":"..."},"unix_nanos":"1763712000000000000"},"resourceSpans":[...]}
//! ```
//!
//! `dead_letter` is the version of this format, `batch` the id of the batch that the exporter was handed first. A crash in
//! the middle of a write leaves a line without its end; the next one begins on a line of its own.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

use rustix::fs::OFlags;
use serde::Serialize;
use spangate_core::{
    batch::{Batch, BatchId},
    exporter::Fault,
};

use crate::config::{DeadLetter, Secrets};

/// The version of the format.
const VERSION: u32 = 1;

/// The dead letters of one exporter.
#[derive(Clone, Debug)]
pub(crate) struct DeadLetterFile {
    exporter: String,
    dir: PathBuf,
    max_bytes: u64,
    secrets: Secrets,
}

/// The member that is ours.
#[derive(Serialize)]
struct Header<'a> {
    dead_letter: u32,
    exporter: &'a str,
    batch: String,
    signal: &'static str,
    rows: u32,
    fault: Words<'a>,
    unix_nanos: String,
}

#[derive(Serialize)]
struct Words<'a> {
    kind: &'static str,
    detail: &'a str,
}

impl DeadLetterFile {
    /// The file of an exporter. Secrets are taken out of what is written.
    pub(crate) fn new(exporter: &str, config: &DeadLetter, secrets: &Secrets) -> Self {
        Self {
            exporter: exporter.to_owned(),
            dir: config.dir.clone(),
            max_bytes: u64::try_from(config.max_size).unwrap_or(u64::MAX),
            secrets: secrets.clone(),
        }
    }

    /// Makes the folder, for this user alone, if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)
    }

    /// Where it is. What is no ordinary letter in the exporter's name is `_` there.
    pub(crate) fn path(&self) -> PathBuf {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '-' { letter } else { '_' };
        self.dir.join(format!("{}.jsonl", self.exporter.chars().map(plain).collect::<String>()))
    }

    /// Adds a line for these rows and waits until the disk has it. Blocks.
    ///
    /// # Errors
    /// If there is no room for it, or the disk says no. Then it is not there, as far as the disk allows.
    pub(super) fn append(&self, batch: &Batch, fault: &Fault, unix_nanos: u64) -> io::Result<()> {
        let line = self.line(batch, fault, unix_nanos)?;
        let mut file = self.open()?;
        // Another process may have the same file.
        file.lock()?;
        let length = file.metadata()?.len();
        let lead: &[u8] = if is_torn(&mut file, length)? { b"\n" } else { b"" };
        let text = [lead, line.as_bytes()].concat();
        if length.saturating_add(text.len() as u64) > self.max_bytes {
            let max = self.max_bytes;
            return Err(io::Error::other(format!("{} would have more than its {max} bytes", self.path().display())));
        }
        if let Err(error) = file.write_all(&text).and_then(|()| file.sync_data()) {
            // Half a line, or one that may be gone after a crash, must not stay: its rows count as dropped.
            let _ = file.set_len(length);
            return Err(error);
        }
        if length == 0 {
            File::open(&self.dir)?.sync_all()?;
        }
        Ok(())
    }

    fn open(&self) -> io::Result<File> {
        let path = self.path();
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600).custom_flags(flags.bits().cast_signed());
        let file = options.open(&path)?;
        let metadata = file.metadata()?;
        let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
        if metadata.is_file() && is_own && metadata.mode() & 0o022 == 0 {
            return Ok(file);
        }
        let name = path.display();
        Err(io::Error::other(format!("{name} is no file of this user's that nobody else can write to; move it away")))
    }

    /// The line, its end included.
    fn line(&self, batch: &Batch, fault: &Fault, unix_nanos: u64) -> io::Result<String> {
        let header = Header {
            dead_letter: VERSION,
            exporter: &self.exporter,
            batch: hex(batch.whole()),
            signal: batch.signal().as_str(),
            rows: batch.len(),
            fault: Words { kind: fault.kind.as_str(), detail: &self.secrets.redact(&fault.detail) },
            unix_nanos: unix_nanos.to_string(),
        };
        let header = serde_json::to_string(&header)?;
        let request = self.clean(&batch.otlp_json())?;
        let members = request.strip_prefix('{').filter(|members| *members != "}");
        Ok(match members {
            Some(members) => format!("{{\"spangate\":{header},{members}\n"),
            None => format!("{{\"spangate\":{header}}}\n"),
        })
    }

    /// Takes secrets out of the rows: an application may have recorded one. Where there are none the text stays as it is.
    fn clean(&self, request: &str) -> io::Result<String> {
        if !self.secrets.may_be_in(request) {
            return Ok(request.to_owned());
        }
        let mut document: serde_json::Value = serde_json::from_str(request)?;
        self.clean_value(&mut document);
        Ok(document.to_string())
    }

    fn clean_value(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.secrets.redact(text).into_owned(),
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| self.clean_value(value)),
            serde_json::Value::Object(members) => members.values_mut().for_each(|value| self.clean_value(value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
}

/// Whether the last line has no end.
fn is_torn(file: &mut File, length: u64) -> io::Result<bool> {
    if length == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::Start(length - 1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

fn hex(id: BatchId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
