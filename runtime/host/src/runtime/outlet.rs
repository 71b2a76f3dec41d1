//! Makes lanes of exporters, sandboxed and native ones.

use std::{sync::Arc, time::Duration};

use spangate_core::{columns::Column, exporter::Exporter, narrow::Pattern, queue::QueueLimits};

use super::{components, layers::NativeDefaults, narrowings::Narrowings, native::NativeExporter};
use crate::{
    config,
    pipeline::{DeadLetterFile, Lane, LaneSettings, Subscription, queue_limits, retry_policy},
    sandbox::SandboxExporter,
    status::NarrowingStatus,
    telemetry::{Log, SparingLog, Sparingly},
};

/// How much later than the sandbox the lane gives a call up: the sandbox's word is the better one.
const MARGIN: Duration = Duration::from_secs(10);

/// One exporter with its lane.
pub(super) struct Outlet {
    /// As `/status` shows it: where the component comes from, or `native`.
    pub(super) component: String,
    /// Absent for native exporters.
    pub(super) sandboxed: Option<Arc<SandboxExporter>>,
    pub(super) lane: Arc<Lane>,
    pub(super) exporter: Arc<dyn Exporter>,
    pub(super) tick_interval: Option<Duration>,
    /// As `/status` shows it.
    pub(super) narrowing: Option<NarrowingStatus>,
}

impl Outlet {
    /// A sandboxed exporter.
    ///
    /// # Errors
    /// One line for every key of `[subscribe]` that asks for more than the exporter wants, or one for what cannot be had.
    pub(super) fn sandboxed(
        name: &str,
        exporter: Arc<SandboxExporter>,
        config: &config::Exporter,
        whole: &config::Config,
        narrowings: &mut Narrowings,
    ) -> Result<Self, Vec<String>> {
        let batch = &whole.batch;
        let description = exporter.description();
        let wanted = Subscription::of_description(&description.signals, &description.event_names);
        let narrowing = narrowings.of(config).map_err(|message| vec![message])?;
        let queue = queue_limits(&config.queue, batch, description.max_batch_size, description.max_batch_bytes);
        let reads_otlp_alone =
            narrowing.is_none() && carries_whole(&queue, batch) && reads_otlp_alone(&description.reads);
        let settings = LaneSettings {
            name: name.to_owned(),
            subscription: wanted.narrow(&config.subscribe)?,
            required: config.required,
            concurrency: config.concurrency,
            deadline: exporter.longest_call().saturating_add(MARGIN),
            queue,
            retry: retry_policy(&config.retry),
            pause: config.retry.pause,
            dead_letters: dead_letters(name, config.dead_letter.as_ref(), &whole.secrets)?,
            narrowing,
            sender_headers: sender_headers(&config.grants),
            reads_otlp_alone,
        };
        let tick_interval = description.tick_interval;
        let (seam, log): (Arc<dyn Exporter>, _) = (exporter.clone(), exporter.host_log().clone());
        Ok(Self {
            component: components::show(&config.component),
            sandboxed: Some(exporter),
            lane: Arc::new(Lane::new(settings, seam.clone(), log)),
            exporter: seam,
            tick_interval,
            narrowing: narrowing_status(config),
        })
    }

    /// A native exporter.
    ///
    /// # Errors
    /// One line, if there is no place for its dead letters.
    pub(super) fn native(
        name: &str,
        native: NativeExporter,
        whole: &config::Config,
        defaults: &NativeDefaults,
        log: Log,
    ) -> Result<Self, Vec<String>> {
        let batch = &whole.batch;
        let queue = native.queue_or(defaults);
        let settings = LaneSettings {
            name: name.to_owned(),
            subscription: native.subscription,
            required: native.required,
            concurrency: native.concurrency,
            deadline: native.deadline.unwrap_or(defaults.deadline),
            queue: queue_limits(&queue, batch, None, None),
            retry: retry_policy(&native.retry),
            pause: native.retry.pause,
            dead_letters: dead_letters(name, native.dead_letter.as_ref(), &whole.secrets)?,
            narrowing: None,
            sender_headers: Vec::new(),
            reads_otlp_alone: false,
        };
        Ok(Self {
            component: "native".to_owned(),
            sandboxed: None,
            lane: Arc::new(Lane::new(
                settings,
                native.exporter.clone(),
                Arc::new(SparingLog::new(name, Sparingly::ON_EXPORTER, log)),
            )),
            exporter: native.exporter,
            tick_interval: native.tick_interval,
            narrowing: None,
        })
    }
}

/// The dead-letter file, whose folder is made now: an operator who asks for one is told before there is anything to lose.
fn dead_letters(
    name: &str,
    config: Option<&config::DeadLetter>,
    secrets: &config::Secrets,
) -> Result<Option<DeadLetterFile>, Vec<String>> {
    let Some(config) = config else { return Ok(None) };
    let file = DeadLetterFile::new(name, config, secrets);
    let dir = config.dir.display();
    file.prepare().map_err(|error| vec![format!("dead_letter.dir: cannot make the folder {dir}: {error}")])?;
    Ok(Some(file))
}

/// Whether no batch has to be cut for this queue: each that is cut is made columns first, for each queue again.
fn carries_whole(queue: &QueueLimits, batch: &config::BatchLimits) -> bool {
    queue.max_batch_rows as usize >= batch.max_export_batch_size
        && queue.max_batch_bytes >= batch.max_export_batch_bytes
        && queue.max_rows >= batch.max_export_batch_size
}

/// Whether an exporter that said what it reads reads nothing but the bytes of OTLP. One that reads more after all gets it.
fn reads_otlp_alone(reads: &[String]) -> bool {
    !reads.is_empty() && reads.iter().all(|read| matches!(read.as_str(), "otlp" | "payload"))
}

/// Keys of the metadata that the backend sees.
fn sender_headers(grants: &config::Grants) -> Vec<String> {
    let mut keys: Vec<_> = grants.http.iter().flat_map(|http| http.metadata_headers.values().cloned()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// None if it may see everything.
fn narrowing_status(config: &config::Exporter) -> Option<NarrowingStatus> {
    let texts = |keys: &[Pattern]| keys.iter().map(ToString::to_string).collect();
    let (grants, select) = (&config.grants, &config.select);
    let status = NarrowingStatus {
        columns: grants.columns.iter().map(Column::as_str).collect(),
        allow: grants.attributes.allow.as_deref().map(texts),
        deny: texts(&grants.attributes.deny),
        drop_rules: select.drop.len(),
        delete: texts(&select.delete),
        hash: texts(&select.hash),
        hash_keyed: select.hash_key.is_some(),
        ..NarrowingStatus::default()
    };
    let everything = NarrowingStatus {
        columns: Column::ALL.into_iter().map(Column::as_str).collect(),
        ..NarrowingStatus::default()
    };
    (status != everything).then_some(status)
}
