//! The variables `OTEL_*` that OpenTelemetry's SDKs have in common.
//!
//! Constraints: read only when a program says so; every wrong value is told, with what is allowed, and none is replaced by
//! a guess; an empty variable is as good as not set. Source: OpenTelemetry specification 1.50, "Environment Variable
//! Specification".
//!
//! The specification has wrong values logged and left out. A program that embeds spangate need not have a log, so that
//! here they are handed over as [`Environment::problems`], and whoever starts the runtime decides.

use std::time::Duration;

use spangate_core::limits::SpanLimits;

use super::{
    environment_values::{resource_attributes, shown},
    model::Sampler,
    problem::Problem,
    variables::of_process,
};

const DISABLED: &str = "OTEL_SDK_DISABLED";
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
const RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
pub(crate) const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
const MAX_QUEUE_SIZE: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
const MAX_EXPORT_BATCH_SIZE: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";

/// What stands where a file would be named.
const PLACE: &str = "environment";

/// What the variables `OTEL_*` say. What they do not say is none.
///
/// | variable | says | as in |
/// |---|---|---|
/// | `OTEL_SDK_DISABLED` | `true`: nothing is recorded | [`RuntimeBuilder::disabled`](crate::RuntimeBuilder::disabled) |
/// | `OTEL_SERVICE_NAME` | `service.name`, before the next one | `[resource]` |
/// | `OTEL_RESOURCE_ATTRIBUTES` | `key=value,key=value`, percent-encoded | `[resource]` |
/// | `OTEL_TRACES_SAMPLER` | `always_on`, `always_off`, `traceidratio`, `parentbased_always_on`, `parentbased_always_off`, `parentbased_traceidratio` | `[sampler] kind` |
/// | `OTEL_TRACES_SAMPLER_ARG` | the ratio, 0 to 1; 1 if it is not set | `[sampler] ratio` |
/// | `OTEL_BSP_SCHEDULE_DELAY` | milliseconds | `[batch] schedule_delay` |
/// | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` | rows | `[batch] max_export_batch_size` |
/// | `OTEL_BSP_MAX_QUEUE_SIZE` | rows, of every exporter | `[exporters.NAME.queue] max_queue_size` |
/// | `OTEL_BSP_EXPORT_TIMEOUT` | milliseconds, of every exporter | `[exporters.NAME.limits] deadline` |
/// | `OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT`, or else `OTEL_ATTRIBUTE_COUNT_LIMIT` | attributes of a span | [`SpanLimits::attribute_count`] |
/// | `OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT`, or else `OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT` | bytes, where the specification counts characters | [`SpanLimits::attribute_value_length`] |
/// | `OTEL_SPAN_EVENT_COUNT_LIMIT`, `OTEL_SPAN_LINK_COUNT_LIMIT` | events and links of a span | [`SpanLimits`] |
/// | `OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT`, `OTEL_LINK_ATTRIBUTE_COUNT_LIMIT` | attributes of each | [`SpanLimits`] |
///
/// No other variable is looked at. Where spans go is the configuration's to say: `OTEL_EXPORTER_*` and
/// `OTEL_TRACES_EXPORTER` are left alone.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Environment {
    /// Whether nothing is recorded.
    pub disabled: Option<bool>,
    /// Resource attributes, `service.name` last if there is one of its own.
    pub resource: Vec<(String, String)>,
    /// The sampler, its ratio put in.
    pub sampler: Option<Sampler>,
    /// How long rows wait for others.
    pub schedule_delay: Option<Duration>,
    /// Rows of a batch.
    pub max_export_batch_size: Option<usize>,
    /// Rows of an exporter's queue.
    pub max_queue_size: Option<usize>,
    /// The longest one export may take.
    pub export_timeout: Option<Duration>,
    /// What a span may carry.
    pub span_limits: SpanLimitVariables,
    /// What is wrong, in the order in which the variables were looked at. Start with it and the runtime does not; take
    /// it out and the wrong variables count as not set.
    pub problems: Vec<Problem>,
}

/// What the variables say about [`SpanLimits`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields of `SpanLimits`, by their names")]
pub struct SpanLimitVariables {
    pub attribute_count: Option<u32>,
    pub event_count: Option<u32>,
    pub link_count: Option<u32>,
    pub attribute_count_per_event: Option<u32>,
    pub attribute_count_per_link: Option<u32>,
    pub attribute_value_length: Option<usize>,
}

impl Environment {
    /// Reads the variables of this process, once.
    pub fn read() -> Self {
        Self::read_from(of_process)
    }

    /// Reads variables from elsewhere: a map in a test, a file of the program's own.
    pub fn read_from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let mut reading = Reading { variable: &variable, problems: Vec::new() };
        let max_queue_size = reading.number(MAX_QUEUE_SIZE, 1, 100_000_000);
        let environment = Self {
            disabled: reading.disabled(),
            resource: reading.resource(),
            sampler: reading.sampler(),
            schedule_delay: reading.number("OTEL_BSP_SCHEDULE_DELAY", 0, 3_600_000).map(Duration::from_millis),
            max_export_batch_size: reading.batch_size(max_queue_size),
            max_queue_size: max_queue_size.and_then(|rows| usize::try_from(rows).ok()),
            export_timeout: reading.number("OTEL_BSP_EXPORT_TIMEOUT", 1, 600_000).map(Duration::from_millis),
            span_limits: reading.span_limits(),
            problems: Vec::new(),
        };
        Self { problems: reading.problems, ..environment }
    }
}

impl SpanLimitVariables {
    /// The limits with what the variables say.
    pub fn over(self, limits: SpanLimits) -> SpanLimits {
        SpanLimits {
            attribute_count: self.attribute_count.unwrap_or(limits.attribute_count),
            event_count: self.event_count.unwrap_or(limits.event_count),
            link_count: self.link_count.unwrap_or(limits.link_count),
            attribute_count_per_event: self.attribute_count_per_event.unwrap_or(limits.attribute_count_per_event),
            attribute_count_per_link: self.attribute_count_per_link.unwrap_or(limits.attribute_count_per_link),
            attribute_value_length: self.attribute_value_length.or(limits.attribute_value_length),
            ..limits
        }
    }
}

/// Reads variable by variable and goes on after an error.
struct Reading<'a> {
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.variable)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn refuse(&mut self, name: &str, message: String, allowed: impl Into<String>, help: Option<&str>) {
        let (allowed, help) = (Some(allowed.into()), help.map(str::to_owned));
        self.problems.push(Problem {
            message,
            file: PLACE.to_owned(),
            place: None,
            path: name.to_owned(),
            allowed,
            help,
            excerpt: None,
        });
    }

    fn disabled(&mut self) -> Option<bool> {
        let text = self.get(DISABLED)?;
        let value = match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        if value.is_none() {
            self.refuse(DISABLED, format!("expected true or false, found {}", shown(&text)), "true or false", None);
        }
        value
    }

    fn resource(&mut self) -> Vec<(String, String)> {
        let mut attributes = Vec::new();
        if let Some(text) = self.get(RESOURCE_ATTRIBUTES) {
            match resource_attributes(&text) {
                Ok(found) => attributes = found,
                Err(message) => {
                    let allowed = "key=value pairs between commas, with `,` `=` `%` in keys and values percent-encoded";
                    self.refuse(RESOURCE_ATTRIBUTES, message, allowed, Some("as in service.version=1.2,team=a%2Cb"));
                }
            }
        }
        if let Some(name) = self.get(SERVICE_NAME) {
            attributes.retain(|(key, _)| key != spangate_core::resource::SERVICE_NAME);
            attributes.push((spangate_core::resource::SERVICE_NAME.to_owned(), name));
        }
        attributes
    }

    fn sampler(&mut self) -> Option<Sampler> {
        let name = self.get(SAMPLER);
        let takes_ratio = matches!(name.as_deref(), Some("traceidratio" | "parentbased_traceidratio"));
        let ratio = self.ratio(name.as_deref(), takes_ratio);
        match name?.as_str() {
            "always_on" => Some(Sampler::AlwaysOn),
            "always_off" => Some(Sampler::AlwaysOff),
            "traceidratio" => Some(Sampler::TraceIdRatio { ratio }),
            "parentbased_always_on" => Some(Sampler::ParentBased { ratio: 1.0 }),
            "parentbased_always_off" => Some(Sampler::ParentBased { ratio: 0.0 }),
            "parentbased_traceidratio" => Some(Sampler::ParentBased { ratio }),
            other => {
                let allowed = "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or \
                               parentbased_traceidratio";
                self.refuse(SAMPLER, format!("{} is no sampler that is known here", shown(other)), allowed, None);
                None
            }
        }
    }

    fn ratio(&mut self, sampler: Option<&str>, takes_ratio: bool) -> f64 {
        let Some(text) = self.get(SAMPLER_ARG) else { return 1.0 };
        if !takes_ratio {
            let of = sampler.map_or_else(|| format!("without {SAMPLER}"), |name| format!("for {}", shown(name)));
            let allowed = format!("only with {SAMPLER}=traceidratio or parentbased_traceidratio");
            self.refuse(SAMPLER_ARG, format!("the ratio {} has no meaning {of}", shown(&text)), allowed, None);
            return 1.0;
        }
        let ratio = text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio));
        if ratio.is_none() {
            self.refuse(SAMPLER_ARG, format!("expected a ratio, found {}", shown(&text)), "a number from 0 to 1", None);
        }
        ratio.unwrap_or(1.0)
    }

    fn batch_size(&mut self, max_queue_size: Option<u64>) -> Option<usize> {
        let size = self.number(MAX_EXPORT_BATCH_SIZE, 1, 1_000_000)?;
        if let Some(queue) = max_queue_size.filter(|queue| size > *queue) {
            let message = format!("a batch of {size} rows does not fit the queue");
            let allowed = format!("up to {queue}, which is {MAX_QUEUE_SIZE}");
            self.refuse(MAX_EXPORT_BATCH_SIZE, message, allowed, None);
            return None;
        }
        usize::try_from(size).ok()
    }

    fn span_limits(&mut self) -> SpanLimitVariables {
        const MOST: u64 = u32::MAX as u64;
        let mut count = |name: &str| self.number(name, 0, MOST).and_then(|count| u32::try_from(count).ok());
        // All are looked at, so that a wrong one is told although another one holds.
        let [general, of_spans] = ["OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"].map(&mut count);
        let [event_count, link_count] = ["OTEL_SPAN_EVENT_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT"].map(&mut count);
        let [per_event, per_link] =
            ["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"].map(&mut count);
        let [general_length, length] =
            ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"].map(&mut count);
        SpanLimitVariables {
            attribute_count: of_spans.or(general),
            event_count,
            link_count,
            attribute_count_per_event: per_event,
            attribute_count_per_link: per_link,
            attribute_value_length: length.or(general_length).map(|length| length as usize),
        }
    }

    fn number(&mut self, name: &str, least: u64, most: u64) -> Option<u64> {
        let text = self.get(name)?;
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let unit = if name.ends_with("_DELAY") || name.ends_with("_TIMEOUT") { " of milliseconds" } else { "" };
            let help = (!unit.is_empty() && text.ends_with('s')).then_some("leave the unit out");
            let message = format!("expected a whole number{unit}, found {}", shown(&text));
            self.refuse(name, message, format!("{least} to {most}"), help);
        }
        number
    }
}
