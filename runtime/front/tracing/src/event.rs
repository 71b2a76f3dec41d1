//! An event of `tracing` as an event of a span.

use spangate_core::{
    attribute::{Key, KeyValue, Value},
    span::Status,
    tracer::Span,
};
use tracing_core::{Event, Level};

use crate::{
    fields::{FieldValue, Fields, attributes},
    metadata,
    recorder::Options,
};

/// What is recorded of an event.
pub(crate) struct EventFields {
    options: Options,
    attributes: Vec<KeyValue>,
    message: Option<String>,
    error: Option<String>,
    /// Whether the event was made by crate `log` and says where under names of its own.
    is_log: bool,
}

impl EventFields {
    /// Looks at every field: this may call code of the application.
    pub(crate) fn collect(event: &Event<'_>, options: Options) -> Self {
        let metadata = event.metadata();
        let is_log = metadata.target() == "log";
        // Beside the fields: level, target, location and what an error has.
        let mut attributes = Vec::with_capacity(metadata.fields().len() + 4);
        attributes.push(KeyValue::new("level", metadata.level().as_str()));
        attributes.push(KeyValue::new("target", metadata.target()));
        if options.has_location {
            metadata::of_location(metadata, &mut |attribute| attributes.push(attribute));
        }
        let mut fields = Self { options, attributes, message: None, error: None, is_log };
        event.record(&mut Fields(|name, value| fields.put(name, value)));
        fields
    }

    fn put(&mut self, name: &'static str, value: FieldValue) {
        match (name, value) {
            ("message", FieldValue::Value(Value::String(text))) => self.message = Some(text.into_owned()),
            ("error", value) if self.options.names_exceptions => self.put_exception(value),
            (name, value) if self.is_log && name.starts_with("log.") => self.put_log(name, value),
            (name, FieldValue::Error(text, chain)) => {
                self.error.get_or_insert_with(|| text.clone());
                self.attributes.extend(attributes(name, FieldValue::Error(text, chain)));
            }
            (name, value) => {
                if let ("error", FieldValue::Value(Value::String(text))) = (name, &value) {
                    self.error = Some(text.clone().into_owned());
                }
                self.attributes.extend(attributes(name, value));
            }
        }
    }

    /// Source: OpenTelemetry semantic conventions, "Exceptions". Of the type nothing is known.
    fn put_exception(&mut self, value: FieldValue) {
        let (text, chain) = match value {
            FieldValue::Error(text, chain) => (text, chain),
            FieldValue::Value(Value::String(text)) => (text.into_owned(), Vec::new()),
            other => return self.attributes.extend(attributes("error", other)),
        };
        self.attributes.push(KeyValue::new("exception.message", text.clone()));
        if !chain.is_empty() {
            self.attributes.push(KeyValue::new("error.chain", chain));
        }
        self.error = Some(text);
    }

    /// The place in the source, as crate `tracing-log` passes it on.
    fn put_log(&mut self, name: &'static str, value: FieldValue) {
        let FieldValue::Value(value) = value else { return };
        let key = match name {
            "log.target" => "target",
            "log.file" if self.options.has_location => "code.file.path",
            "log.line" if self.options.has_location => "code.line.number",
            _ => return,
        };
        self.attributes.push(KeyValue::new(key, value));
    }

    /// Adds the event to a span that is recording.
    pub(crate) fn add_to(mut self, event: &Event<'_>, span: &mut Span) {
        let metadata = event.metadata();
        if self.options.sets_status && *metadata.level() == Level::ERROR {
            let description = self.error.as_ref().or(self.message.as_ref()).cloned();
            span.set_status(Status::error(description.unwrap_or_default()));
        }
        let name = self.take_name(metadata.name());
        span.add_event(name, self.attributes);
    }

    /// The name that the event was given, or else its message.
    fn take_name(&mut self, name: &'static str) -> Key {
        /// What `tracing` calls an event without a name: this and a place in the source.
        const NAMELESS: &str = "event ";
        match self.message.take() {
            Some(message) if name.starts_with(NAMELESS) || self.is_log => message.into(),
            Some(message) => {
                self.attributes.push(KeyValue::new("message", message));
                name.into()
            }
            None if self.error.is_some() && self.options.names_exceptions && name.starts_with(NAMELESS) => {
                "exception".into()
            }
            None => name.into(),
        }
    }
}
