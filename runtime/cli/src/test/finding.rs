//! Something that is wrong with an exporter, and what to do about it.

use spangate_core::exporter::{Fault, FaultKind};

use crate::fault_text;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// In one line.
    pub(super) what: String,
    /// When it happens, each time it was seen.
    pub(super) cases: Vec<String>,
    /// More about it, in lines.
    pub(super) details: Vec<String>,
    /// What to do.
    pub(super) remedy: String,
}

impl Finding {
    /// Without cases and details.
    pub(super) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), cases: Vec::new(), details: Vec::new(), remedy: remedy.into() }
    }

    /// Seen `when`.
    pub(super) fn when(self, when: &str) -> Self {
        Self { cases: vec![when.to_owned()], ..self }
    }

    /// Adds another finding: what was found before is only found once more. The details of the first time stay.
    pub(super) fn add_to(self, findings: &mut Vec<Self>) {
        match findings.iter_mut().find(|known| known.what == self.what && known.remedy == self.remedy) {
            Some(known) => known.cases.extend(self.cases),
            None => findings.push(self),
        }
    }

    /// The exporter was stopped; `when` says in which call.
    pub(super) fn of_fault(when: &str, fault: &Fault) -> Self {
        Self {
            what: format!("it was stopped: {}", fault.kind),
            cases: vec![when.to_owned()],
            details: fault_text::parts(&fault.detail).map(str::to_owned).collect(),
            remedy: remedy(fault.kind).to_owned(),
        }
    }
}

fn remedy(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::OutOfFuel => {
            "make it do less for each row, or raise limits.fuel_per_batch; `spangate bench` says what it takes"
        }
        FaultKind::OutOfMemory => {
            "make it hold less at once, or raise limits.memory; `spangate bench` says what it takes"
        }
        FaultKind::DeadlineExceeded => "have it wait for less in one call, or raise limits.deadline",
        FaultKind::Trapped => "mend the function that is named first; an outcome is the way to say that a batch is bad",
        FaultKind::BadReply => "answer what the contract says, with fewer and shorter texts",
        FaultKind::StaleBatch => "copy what is needed after the call: the batch is gone when it returns",
        FaultKind::HostError => "report it: this is a defect of spangate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_is_told_once_with_every_case() {
        let fault = |detail: &str| Fault { kind: FaultKind::Trapped, detail: detail.to_owned() };
        let mut findings = Vec::new();
        Finding::of_fault("one row", &fault("first; in a < b")).add_to(&mut findings);
        Finding::new("leak", "drop").add_to(&mut findings);
        Finding::of_fault("a full batch", &fault("second")).add_to(&mut findings);
        assert_eq!(findings.len(), 2);
        assert_eq!(findings[0].cases, ["one row", "a full batch"]);
        assert_eq!(findings[0].details, ["first", "in a < b"]);
    }
}
