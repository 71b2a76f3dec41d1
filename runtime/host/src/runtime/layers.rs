//! What is said in several places, and what holds: what the program says in code, or else what the variables of the
//! environment say if the program had them read, or else what the configuration says, or else the default. Resource
//! attributes of all three are put together key by key in the same order.

use std::time::Duration;

use spangate_core::{attribute::KeyValue, limits::SpanLimits, resource::Resource};

use super::recording;
use crate::config::{self, Config, Environment};

/// What the program says in code.
#[derive(Clone, Debug, Default)]
pub(super) struct InCode {
    pub(super) disabled: Option<bool>,
    pub(super) resource: Vec<KeyValue>,
    pub(super) sampler: Option<config::Sampler>,
    pub(super) batch: Option<config::BatchLimits>,
    pub(super) span_limits: Option<SpanLimits>,
}

/// What holds.
#[derive(Debug)]
pub(super) struct Settled {
    /// Sampler, batch, and the exporters' queues and deadlines are the ones that hold. The resource is not.
    pub(super) config: Config,
    pub(super) resource: Resource,
    pub(super) span_limits: SpanLimits,
    pub(super) is_disabled: bool,
    /// Where the sampler was chosen, for errors.
    pub(super) sampler_place: SamplerPlace,
    pub(super) native: NativeDefaults,
}

/// Where a sampler was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SamplerPlace {
    Code,
    Environment,
    Config,
}

/// How a native exporter is fed whose program does not say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct NativeDefaults {
    pub(super) queue: config::Queue,
    pub(super) deadline: Duration,
}

/// Puts the three together.
pub(super) fn settle(mut config: Config, environment: &Environment, code: InCode) -> Settled {
    let sampler_place = match (code.sampler, environment.sampler) {
        (Some(_), _) => SamplerPlace::Code,
        (None, Some(_)) => SamplerPlace::Environment,
        (None, None) => SamplerPlace::Config,
    };
    config.sampler = code.sampler.or(environment.sampler).unwrap_or(config.sampler);
    config.batch = code.batch.unwrap_or_else(|| config::BatchLimits {
        max_export_batch_size: environment.max_export_batch_size.unwrap_or(config.batch.max_export_batch_size),
        schedule_delay: environment.schedule_delay.unwrap_or(config.batch.schedule_delay),
        ..config.batch
    });
    let queue = |queue: config::Queue| config::Queue {
        max_queue_size: environment.max_queue_size.unwrap_or(queue.max_queue_size),
        ..queue
    };
    for exporter in config.exporters.values_mut() {
        exporter.queue = queue(exporter.queue);
        exporter.limits.deadline = environment.export_timeout.unwrap_or(exporter.limits.deadline);
    }
    let from_environment = environment.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    let resource = recording::resource(&config).with_attributes(from_environment).with_attributes(code.resource);
    Settled {
        resource,
        span_limits: code.span_limits.unwrap_or_else(|| environment.span_limits.over(SpanLimits::default())),
        is_disabled: code.disabled.or(environment.disabled).unwrap_or(false),
        sampler_place,
        native: NativeDefaults {
            queue: queue(config::Queue::default()),
            deadline: environment.export_timeout.unwrap_or(config::Limits::default().deadline),
        },
        config,
    }
}

impl SamplerPlace {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Code => "RuntimeBuilder::sampler",
            Self::Environment => config::SAMPLER_VARIABLE,
            Self::Config => "sampler.kind",
        }
    }
}

#[cfg(test)]
mod tests {
    use spangate_core::attribute::Value;

    use super::*;
    use crate::config::{Component, Sampler};

    const TOML: Sampler = Sampler::TraceIdRatio { ratio: 0.5 };

    fn config() -> Config {
        let resource = [("service.name", "toml"), ("zone", "toml"), ("host.name", "toml")];
        let mut config = Config { sampler: TOML, ..Config::default() };
        config.resource = resource.map(|(key, value)| (key.to_owned(), toml::Value::from(value))).into();
        config.batch.schedule_delay = Duration::from_secs(1);
        config.batch.max_export_batch_size = 10;
        config.batch.max_export_batch_bytes = 4096;
        config.exporters.insert("a".to_owned(), config::Exporter::new(Component::Builtin("a".to_owned())));
        config
    }

    fn environment() -> Environment {
        let environment = Environment::read_from(|name| {
            let value = match name {
                "OTEL_SDK_DISABLED" => "true",
                "OTEL_SERVICE_NAME" => "env",
                "OTEL_RESOURCE_ATTRIBUTES" => "zone=env,service.name=hidden",
                "OTEL_TRACES_SAMPLER" => "always_off",
                "OTEL_BSP_SCHEDULE_DELAY" => "2000",
                "OTEL_BSP_MAX_EXPORT_BATCH_SIZE" => "20",
                "OTEL_BSP_MAX_QUEUE_SIZE" => "30",
                "OTEL_BSP_EXPORT_TIMEOUT" => "4000",
                "OTEL_SPAN_LINK_COUNT_LIMIT" => "7",
                _ => return None,
            };
            Some(value.to_owned())
        });
        assert!(environment.problems.is_empty(), "{:?}", environment.problems);
        environment
    }

    fn texts(settled: &Settled) -> [Option<&Value>; 3] {
        ["service.name", "zone", "host.name"].map(|key| settled.resource.get(key))
    }

    #[test]
    fn without_code_and_environment_the_configuration_holds() {
        let settled = settle(config(), &Environment::default(), InCode::default());
        assert_eq!((settled.config.sampler, settled.sampler_place), (TOML, SamplerPlace::Config));
        assert_eq!(settled.config.batch.schedule_delay, Duration::from_secs(1));
        assert_eq!(texts(&settled), [Some(&Value::from("toml")); 3]);
        assert_eq!(settled.span_limits, SpanLimits::default());
        assert!(!settled.is_disabled);
        assert_eq!(settled.native.queue.max_queue_size, config::Queue::default().max_queue_size);
    }

    #[test]
    fn the_environment_goes_before_the_configuration() {
        let settled = settle(config(), &environment(), InCode::default());
        assert_eq!((settled.config.sampler, settled.sampler_place), (Sampler::AlwaysOff, SamplerPlace::Environment));
        let batch = settled.config.batch;
        assert_eq!((batch.schedule_delay, batch.max_export_batch_size), (Duration::from_secs(2), 20));
        assert_eq!(batch.max_export_batch_bytes, 4096, "of which no variable speaks");
        let exporter = &settled.config.exporters["a"];
        assert_eq!((exporter.queue.max_queue_size, exporter.limits.deadline), (30, Duration::from_secs(4)));
        assert_eq!((settled.native.queue.max_queue_size, settled.native.deadline), (30, Duration::from_secs(4)));
        let [env, toml] = ["env", "toml"].map(Value::from);
        assert_eq!(texts(&settled), [Some(&env), Some(&env), Some(&toml)]);
        assert_eq!(settled.span_limits, SpanLimits { link_count: 7, ..SpanLimits::default() });
        assert!(settled.is_disabled);
    }

    #[test]
    fn code_goes_before_the_environment() {
        let limits = SpanLimits { link_count: 1, ..SpanLimits::default() };
        let code = InCode {
            disabled: Some(false),
            resource: vec![KeyValue::new("service.name", "code")],
            sampler: Some(Sampler::AlwaysOn),
            batch: Some(config::BatchLimits::default()),
            span_limits: Some(limits.clone()),
        };
        let settled = settle(config(), &environment(), code);
        assert_eq!((settled.config.sampler, settled.sampler_place), (Sampler::AlwaysOn, SamplerPlace::Code));
        assert_eq!(settled.config.batch.schedule_delay, config::BatchLimits::default().schedule_delay);
        let [code, env, toml] = ["code", "env", "toml"].map(Value::from);
        assert_eq!(texts(&settled), [Some(&code), Some(&env), Some(&toml)]);
        assert_eq!((settled.span_limits, settled.is_disabled), (limits, false));
    }
}
