//! A batch is exported.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportOutcome, Fault},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    body::Body,
    instance::Instance,
    quarantine::Purpose,
    run::{Stop, settle, shut_down},
};
use crate::capability::http::Refused;

/// What the guest said of a batch, or how it was stopped, and what a backend said of the credentials meanwhile.
struct Delivered {
    answer: Result<ExportOutcome, Fault>,
    refused: Option<Refused>,
    /// The instance, if it has to make room for another.
    worn: Option<Instance>,
}

impl Body {
    pub(super) async fn export(
        self: &Arc<Self>,
        batch: Arc<Batch>,
        attempt: u32,
    ) -> Result<ExportOutcome, ExportError> {
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
            return Err(shut_down());
        };
        // Now, and not before it waited: the call that it waited for may have led into quarantine.
        let call = self.standing.admit()?;
        self.parts.totals.calls.fetch_add(1, Relaxed);
        let purpose = Purpose::Export(batch.whole());
        match self.run(Arc::clone(self).deliver(batch, attempt)).await {
            Ok(Delivered { answer, refused, worn }) => {
                let answer = settle(call, purpose, answer.map_err(Stop::Fault));
                if let Some(worn) = worn {
                    self.retire_later(worn, slot);
                }
                match refused {
                    Some(refused) => heed(&refused.to_string(), answer),
                    None => answer,
                }
            }
            Err(stop) => settle(call, purpose, Err(stop)),
        }
    }

    async fn deliver(self: Arc<Self>, batch: Arc<Batch>, attempt: u32) -> Result<Delivered, Stop> {
        let mut instance = self.take_instance().await.map_err(Stop::NotStarted)?;
        build_views(&batch, &self.parts.description.reads);
        self.parts.totals.rows.fetch_add(u64::from(batch.len()), Relaxed);
        let answer = instance.export(batch, attempt, self.limits(), &self.seat).await;
        let refused = instance.take_refused();
        if self.parts.may_send && answer == Ok(ExportOutcome::Accepted) && !instance.has_sent() {
            self.parts.totals.accepted_unsent.fetch_add(1, Relaxed);
        }
        let worn = if answer.is_ok() { self.put_back(instance) } else { None };
        Ok(Delivered { answer, refused, worn })
    }

    /// Lets a worn instance send what it holds back. Nobody waits for it but the next call, for its place: what the guest
    /// said of its last batch is known.
    fn retire_later(self: &Arc<Self>, worn: Instance, slot: OwnedSemaphorePermit) {
        let body = Arc::clone(self);
        let Some(guests) = self.parts.guests.handle() else { return };
        guests.spawn(async move {
            body.retire(worn).await;
            drop(slot);
        });
    }
}

/// A backend that did not take the credentials outweighs what the guest makes of it, a crash included. Only a batch that
/// it calls accepted stays so: it may have found another way.
fn heed(refused: &str, answer: Result<ExportOutcome, ExportError>) -> Result<ExportOutcome, ExportError> {
    let (word, partial) = match answer {
        Ok(ExportOutcome::Accepted) | Err(ExportError::Unavailable { .. } | ExportError::Unauthorized { .. }) => {
            return answer;
        }
        Ok(ExportOutcome::Partial(partial)) => (partial.reason.clone(), Some(Box::new(partial))),
        Ok(ExportOutcome::RetryAfter { reason, .. } | ExportOutcome::Rejected { reason }) => (reason, None),
        Err(ExportError::Fault(fault)) => (fault.to_string(), None),
    };
    let reason = if word.is_empty() { refused.to_owned() } else { format!("{refused} ({word})") };
    Err(ExportError::Unauthorized { reason, partial })
}

/// Builds what the exporter said it reads before its meters run: a view is built once and shared by all exporters, so
/// the first to ask should not pay for all.
fn build_views(batch: &Batch, reads: &[String]) {
    for read in reads {
        match read.as_str() {
            "otlp" => drop(batch.otlp()),
            "otlp-json" => drop(batch.otlp_json()),
            "payload" => {}
            _ => {
                batch.columns();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use spangate_core::exporter::{FaultKind, Partial};

    use super::*;

    const REFUSED: &str = "https://backend.example answered 401 Unauthorized";

    #[test]
    fn a_backend_that_does_not_take_the_credentials_outweighs_everything_but_accepted() {
        let fault = Fault { kind: FaultKind::Trapped, detail: "called unwrap on a 401".to_owned() };
        for answer in [
            Ok(ExportOutcome::Rejected { reason: "status 401".to_owned() }),
            Ok(ExportOutcome::RetryAfter { delay: None, reason: String::new() }),
            Err(ExportError::Fault(fault)),
        ] {
            match heed(REFUSED, answer) {
                Err(ExportError::Unauthorized { reason, partial: None }) => assert!(reason.contains("401"), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
        let partial = Partial { retry_rows: vec![1], ..Partial::default() };
        let heeded = heed(REFUSED, Ok(ExportOutcome::Partial(partial.clone())));
        assert!(matches!(heeded, Err(ExportError::Unauthorized { partial: Some(kept), .. }) if *kept == partial));
        assert_eq!(heed(REFUSED, Ok(ExportOutcome::Accepted)), Ok(ExportOutcome::Accepted));
    }
}
