//! What an exporter is handed: the signals and event names that it asked for, narrowed by the operator.

use std::collections::BTreeSet;

use spangate_core::{batch::Batch, signal::Signal};

use crate::config;

/// What one exporter is handed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Ended spans.
    pub spans: bool,
    /// Spans that have started.
    pub started_spans: bool,
    /// Events.
    pub events: EventNames,
}

/// Which events, by their exact names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum EventNames {
    /// No events.
    #[default]
    None,
    /// Every event.
    All,
    /// Events of these names.
    Only(BTreeSet<String>),
}

/// Which rows of a batch an exporter wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Everything,
    Rows(Vec<u32>),
}

const STARTED_SPANS_ALONE: &str = "subscribe.started_spans: the exporter takes nothing but started spans; set it to \
    true (every span is then recorded twice) or leave the exporter out";

impl Subscription {
    /// Ended spans and nothing else: what most exporters want.
    pub fn spans() -> Self {
        Self { spans: true, ..Self::default() }
    }

    /// Everything there is.
    pub fn everything() -> Self {
        Self { spans: true, started_spans: true, events: EventNames::All }
    }

    /// What a description asks for: names of signals, and of events with `*` for all of them. An exporter that asks
    /// for events without naming any gets all of them.
    pub(crate) fn of_description(signals: &[Signal], event_names: &[String]) -> Self {
        let events = if !signals.contains(&Signal::Events) {
            EventNames::None
        } else if event_names.is_empty() || event_names.iter().any(|name| name == "*") {
            EventNames::All
        } else {
            EventNames::Only(event_names.iter().cloned().collect())
        };
        Self { spans: signals.contains(&Signal::Spans), started_spans: signals.contains(&Signal::StartedSpans), events }
    }

    /// What is left of it under the operator's `[subscribe]`, which narrows and never widens. Started spans are the one
    /// thing that the operator has to ask for: they are recorded twice, and it is the application that pays.
    ///
    /// # Errors
    /// One line for every key that asks for more than the exporter wants, or if an exporter of started spans alone would
    /// get nothing.
    pub(crate) fn narrow(&self, by: &config::Subscribe) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let spans = narrow_flag(self.spans, by.spans, "spans", &mut problems);
        let granted = Some(by.started_spans.unwrap_or(false));
        let started_spans = narrow_flag(self.started_spans, granted, "started_spans", &mut problems);
        let events = match &by.events {
            None => self.events.clone(),
            Some(names) => self.events.narrow(names, &mut problems),
        };
        let is_nothing_else = !self.spans && self.events == EventNames::None;
        if self.started_spans && is_nothing_else && by.started_spans.is_none() {
            problems.push(STARTED_SPANS_ALONE.to_owned());
        }
        if problems.is_empty() { Ok(Self { spans, started_spans, events }) } else { Err(problems) }
    }

    /// Whether the exporter may want rows of a signal.
    pub(super) fn wants(&self, signal: Signal) -> bool {
        match signal {
            Signal::Spans => self.spans,
            Signal::StartedSpans => self.started_spans,
            Signal::Events => self.events != EventNames::None,
        }
    }

    /// Which rows of a batch it wants. Event names are read only if some are wanted and others are not.
    pub(super) fn wanted(&self, batch: &Batch) -> Wanted {
        match (&self.events, batch.signal()) {
            (EventNames::Only(names), Signal::Events) => wanted_events(batch, names),
            (_, signal) if self.wants(signal) => Wanted::Everything,
            _ => Wanted::Nothing,
        }
    }
}

impl EventNames {
    fn narrow(&self, names: &[String], problems: &mut Vec<String>) -> Self {
        let asks_for_all = names.iter().any(|name| name == "*");
        match self {
            _ if names.is_empty() => Self::None,
            Self::None => {
                problems.push("subscribe.events: the exporter takes no events; leave the key out".to_owned());
                Self::None
            }
            _ if asks_for_all => self.clone(),
            Self::All => Self::Only(names.iter().cloned().collect()),
            Self::Only(offered) => {
                for name in names.iter().filter(|name| !offered.contains(*name)) {
                    let offered: Vec<&str> = offered.iter().map(String::as_str).collect();
                    let offered = offered.join(", ");
                    problems.push(format!("subscribe.events: the exporter does not take `{name}`, only {offered}"));
                }
                Self::Only(names.iter().cloned().collect())
            }
        }
    }
}

fn narrow_flag(wants: bool, allowed: Option<bool>, key: &str, problems: &mut Vec<String>) -> bool {
    match allowed {
        Some(true) if !wants => {
            problems.push(format!("subscribe.{key}: the exporter does not take them; set it to false or leave it out"));
            false
        }
        Some(false) => false,
        _ => wants,
    }
}

fn wanted_events(batch: &Batch, names: &BTreeSet<String>) -> Wanted {
    let is_wanted = |row: &u32| names.contains(batch.event_name(*row));
    let rows: Vec<u32> = (0..batch.len()).filter(is_wanted).collect();
    match rows.len() {
        0 => Wanted::Nothing,
        wanted if wanted == batch.len() as usize => Wanted::Everything,
        _ => Wanted::Rows(rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(names: &[&str]) -> EventNames {
        EventNames::Only(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_description_asks_for_its_signals_and_its_event_names() {
        let all = [Signal::Spans, Signal::Events];
        assert_eq!(Subscription::of_description(&all, &names(&["a", "b"])).events, only(&["a", "b"]));
        assert_eq!(Subscription::of_description(&all, &names(&["a", "*"])).events, EventNames::All);
        assert_eq!(Subscription::of_description(&all, &[]).events, EventNames::All);
        let spans = Subscription::of_description(&[Signal::Spans], &names(&["a"]));
        assert_eq!(spans, Subscription::spans(), "names without the signal are nothing");
    }

    #[test]
    fn an_operator_who_says_nothing_grants_everything_but_started_spans() {
        let wanted = Subscription::everything();
        let left = Subscription { started_spans: false, ..Subscription::everything() };
        assert_eq!(wanted.narrow(&config::Subscribe::default()), Ok(left));
        let by = config::Subscribe { started_spans: Some(true), ..config::Subscribe::default() };
        assert_eq!(wanted.narrow(&by), Ok(Subscription::everything()));
    }

    #[test]
    fn an_exporter_of_started_spans_alone_is_not_left_without_anything_unsaid() {
        let wanted = Subscription { started_spans: true, ..Subscription::default() };
        let problems = wanted.narrow(&config::Subscribe::default()).expect_err("it would get nothing");
        assert_eq!(problems, [STARTED_SPANS_ALONE]);
        let by = config::Subscribe { started_spans: Some(false), ..config::Subscribe::default() };
        assert_eq!(wanted.narrow(&by), Ok(Subscription::default()), "somebody wants it so");
    }

    #[test]
    fn an_operator_narrows_by_signal_and_by_event_name() {
        let by = config::Subscribe { spans: Some(true), started_spans: Some(false), events: Some(names(&["a"])) };
        let narrowed = Subscription::everything().narrow(&by).expect("less than it wants");
        assert_eq!(narrowed, Subscription { spans: true, started_spans: false, events: only(&["a"]) });
        let none = config::Subscribe { events: Some(Vec::new()), ..config::Subscribe::default() };
        assert_eq!(narrowed.narrow(&none).map(|left| left.events), Ok(EventNames::None));
        let star = config::Subscribe { events: Some(names(&["*"])), ..config::Subscribe::default() };
        assert_eq!(narrowed.narrow(&star).map(|left| left.events), Ok(only(&["a"])));
    }

    #[test]
    fn an_operator_who_widens_is_told_every_key_that_does() {
        let wanted = Subscription { events: only(&["a"]), ..Subscription::default() };
        let by = config::Subscribe { spans: Some(true), started_spans: Some(true), events: Some(names(&["a", "b"])) };
        let problems = wanted.narrow(&by).expect_err("three keys ask for more");
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[2].contains("`b`") && problems[2].contains("only a"), "{problems:?}");
    }
}
