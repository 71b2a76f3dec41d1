//! The trial itself: every shape, every answer, many batches.

use std::{collections::BTreeSet, sync::Arc};

use spangate::sandbox::{Description, HttpRequest, LoadError, SandboxExporter};
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportOutcome},
    signal::Signal,
};

use super::{
    answer::Answer,
    finding::Finding,
    growth::{self, Growth},
    shapes::{self, Shape},
    stage::Stage,
};

/// An exporter that is stopped this often is not tried any further.
const MAX_FAULTS: usize = 3;
/// Columns named in one finding.
const MAX_NAMED: usize = 12;

/// What came of one batch.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) signal: Signal,
    pub(super) shape: &'static str,
    pub(super) rows: u32,
    pub(super) outcome: Result<ExportOutcome, ExportError>,
    pub(super) requests: Vec<HttpRequest>,
    /// None if it was stopped: the bill is in the finding.
    pub(super) fuel: Option<u64>,
}

/// What an exporter made of one answer.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) answer: Answer,
    pub(super) outcome: Result<ExportOutcome, ExportError>,
    /// What would be right, if this is not.
    pub(super) wrong: Option<&'static str>,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub(super) struct Examined {
    pub(super) shapes: Vec<Tried>,
    pub(super) answers: Vec<Answered>,
    pub(super) growth: Vec<(Signal, Growth)>,
    pub(super) reads: BTreeSet<String>,
    pub(super) findings: Vec<Finding>,
}

/// Tries a loaded exporter out.
///
/// # Errors
/// If it does not load a second time.
pub(super) fn examine(stage: &Stage, loaded: Arc<SandboxExporter>, answers: &[Answer]) -> Result<Examined, LoadError> {
    let mut trial = Trial { stage, exporter: loaded, examined: Examined::default(), faults: 0 };
    let said = trial.exporter.description().clone();
    let success = answers.iter().find(|answer| answer.is_success()).cloned();
    stage.watcher.answer_with(&success.unwrap_or(Answer::Status(200, String::new())));
    trial.every_shape(&said)?;
    trial.many_batches(&said)?;
    trial.every_answer(&said, answers)?;
    trial.last_calls();
    let mut examined = trial.examined;
    examined.reads = stage.watcher.reads();
    examined.findings.extend(undeclared(&said, &examined.reads));
    Ok(examined)
}

struct Trial<'a> {
    stage: &'a Stage,
    exporter: Arc<SandboxExporter>,
    examined: Examined,
    faults: usize,
}

impl Trial<'_> {
    fn every_shape(&mut self, said: &Description) -> Result<(), LoadError> {
        for signal in &said.signals {
            for Shape { name, batch } in shapes::all(*signal, event_name(said)) {
                if self.faults < MAX_FAULTS {
                    self.one_shape(*signal, name, &fitting(said, &batch))?;
                }
            }
        }
        if self.faults >= MAX_FAULTS {
            let what = format!("it was stopped {MAX_FAULTS} times; the rest was not tried");
            self.find(Finding::new(what, "mend what is told above first"));
        }
        Ok(())
    }

    fn one_shape(&mut self, signal: Signal, shape: &'static str, batch: &Arc<Batch>) -> Result<(), LoadError> {
        let before = self.exporter.state().cost.fuel;
        let outcome = self.export(&format!("{signal}, {shape}"), batch)?;
        let fuel = self.exporter.state().cost.fuel.checked_sub(before).filter(|fuel| *fuel > 0);
        let told = match &outcome {
            Ok(ExportOutcome::Accepted | ExportOutcome::Partial(_)) | Err(_) => None,
            Ok(ExportOutcome::RetryAfter { reason, .. }) => Some(("retry-after", reason)),
            Ok(ExportOutcome::Rejected { reason }) => Some(("rejected", reason)),
        };
        if let Some((case, reason)) = told {
            let what = format!("it answers `{case}` to a batch of {signal}, {shape}, that its backend takes: {reason}");
            self.find(Finding::new(
                what,
                "deliver what the backend can take; --answer STATUS=BODY if it has to say more",
            ));
        }
        let requests = self.stage.watcher.take_requests();
        self.examined.shapes.push(Tried { signal, shape, rows: batch.len(), outcome, requests, fuel });
        Ok(())
    }

    fn many_batches(&mut self, said: &Description) -> Result<(), LoadError> {
        if self.faults > 0 {
            return Ok(());
        }
        for signal in &said.signals {
            self.exporter = self.stage.load()?;
            let batch = fitting(said, &shapes::full(*signal, event_name(said)));
            let mut growth = growth::measure(self.stage, &self.exporter, &batch);
            for finding in std::mem::take(&mut growth.findings) {
                self.find(finding.when(signal.as_str()));
            }
            self.examined.growth.push((*signal, growth));
            self.stage.watcher.take_requests();
        }
        self.exporter = self.stage.load()?;
        Ok(())
    }

    /// With the first batch that made it send something.
    fn every_answer(&mut self, said: &Description, answers: &[Answer]) -> Result<(), LoadError> {
        let sending = self.examined.shapes.iter().find(|tried| !tried.requests.is_empty());
        let Some((signal, shape)) = sending.map(|tried| (tried.signal, tried.shape)) else { return Ok(()) };
        let mut shapes = shapes::all(signal, event_name(said)).into_iter();
        let Some(Shape { batch, .. }) = shapes.find(|other| other.name == shape) else { return Ok(()) };
        let batch = fitting(said, &batch);
        for answer in answers.iter().filter(|_| self.faults < MAX_FAULTS).cloned().collect::<Vec<_>>() {
            self.stage.watcher.answer_with(&answer);
            let outcome = self.export(&format!("its backend answers {}", answer.told()), &batch)?;
            let wrong = answer.judge(&outcome).filter(|_| !matches!(outcome, Err(ExportError::Fault(_))));
            if let Some(right) = wrong {
                let what = format!("it answers `{}` to what its backend answers", case(&outcome));
                self.find(Finding::new(what, right).when(&answer.told()));
            }
            self.examined.answers.push(Answered { answer, outcome, wrong });
        }
        self.stage.watcher.take_requests();
        Ok(())
    }

    fn last_calls(&mut self) {
        let flushed = self.stage.flush(&self.exporter);
        for (call, answer) in [("flush", flushed), ("shutdown", self.stage.shut_down(&self.exporter))] {
            if let Err(ExportError::Fault(fault)) = answer {
                self.find(Finding::of_fault(&format!("`{call}`"), &fault));
            }
        }
    }

    /// Exports, and goes on with a fresh exporter if it was stopped.
    fn export(&mut self, when: &str, batch: &Arc<Batch>) -> Result<Result<ExportOutcome, ExportError>, LoadError> {
        let outcome = self.stage.export(&self.exporter, batch);
        for what in self.stage.watcher.take_corrections() {
            self.find(Finding::new(what, "answer what the contract says; the host put it right").when(when));
        }
        if let Err(ExportError::Fault(fault)) = &outcome {
            self.find(Finding::of_fault(when, fault));
            self.faults += 1;
            self.exporter = self.stage.load()?;
        }
        Ok(outcome)
    }

    fn find(&mut self, finding: Finding) {
        finding.add_to(&mut self.examined.findings);
    }
}

/// As much of a batch as the exporter takes at once.
fn fitting(said: &Description, batch: &Arc<Batch>) -> Arc<Batch> {
    let rows = said.max_batch_size.unwrap_or(u32::MAX).max(1);
    if batch.len() <= rows { Arc::clone(batch) } else { Arc::new(batch.slice(0..rows)) }
}

/// An event that the exporter wants.
fn event_name(said: &Description) -> &str {
    said.event_names.iter().find(|name| *name != "*").map_or("order.placed", String::as_str)
}

/// An outcome as the contract spells it.
pub(super) fn case(outcome: &Result<ExportOutcome, ExportError>) -> &'static str {
    match outcome {
        Ok(ExportOutcome::Accepted) => "accepted",
        Ok(ExportOutcome::Partial(_)) => "partial",
        Ok(ExportOutcome::RetryAfter { .. }) => "retry-after",
        Ok(ExportOutcome::Rejected { .. }) => "rejected",
        Err(ExportError::Fault(fault)) => fault.kind.as_str(),
        Err(ExportError::Unavailable { .. }) => "unavailable",
        Err(ExportError::Unauthorized { .. }) => "paused",
    }
}

/// What was read and not declared.
fn undeclared(said: &Description, reads: &BTreeSet<String>) -> Option<Finding> {
    let is_declared = |read: &str| {
        let has = |name: &str| said.reads.iter().any(|declared| declared == name);
        has(read) || (read == "batch.text-bytes" && has("batch.text"))
    };
    let missing: Vec<&str> = reads.iter().map(String::as_str).filter(|read| !is_declared(read)).collect();
    if missing.is_empty() {
        return None;
    }
    let named = missing.iter().take(MAX_NAMED).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let more = match missing.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = format!("it reads what `describe` does not declare: {named}{more}");
    let remedy = "add these to `reads` of the description: what is declared is prepared off the exporter's meter";
    Some(Finding::new(what, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_has_to_be_declared_and_what_is_declared_need_not_be_read() {
        let said = |reads: &[&str]| Description {
            reads: reads.iter().map(|name| (*name).to_owned()).collect(),
            ..Description::default()
        };
        let reads = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(
            undeclared(&said(&["batch.text", "spans.names"]), &reads(&["spans.names", "batch.text-bytes"])),
            None
        );
        let finding = undeclared(&said(&["otlp"]), &reads(&["otlp", "payload"])).expect("a finding");
        assert!(finding.what.ends_with("declare: \"payload\""), "{}", finding.what);
    }
}
