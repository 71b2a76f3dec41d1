//! A backend that answers 401 or 403.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering::SeqCst},
};

use anyhow::Result;
use http::StatusCode;
use spangate_tests::{Collector, wait_until};

use super::stage::Stage;

/// A backend that answers what the number says.
fn moody(status: &Arc<AtomicU16>) -> Collector {
    let status = status.clone();
    Collector::answering(move |_| StatusCode::from_u16(status.load(SeqCst)).unwrap())
}

fn exporter(url: &str, pause: &str) -> String {
    format!(
        "retry.pause = \"{pause}\"\n[exporters.out.grants.http]\nallow = [\"{url}\"]\n\
         [exporters.out.grants.http.headers]\nauthorization = \"Bearer not-the-right-key\"\n\
         [exporters.out.settings]\nendpoint = \"{url}\"\n"
    )
}

#[test]
fn a_refused_key_pauses_the_exporter_everywhere_it_shows_and_no_span_is_lost_once_it_is_taken() -> Result<()> {
    let status = Arc::new(AtomicU16::new(401));
    let backend = moody(&status);
    let stage = Stage::start("", &exporter(&backend.url(), "1s"))?;
    for _ in 0..5 {
        stage.send(&[])?;
    }
    let seen = wait_until("the pause", || {
        let status = stage.status();
        (status.exporter("out")["state"] == "paused").then_some(status)
    });
    let expected = format!("{} answered 401 Unauthorized", backend.url());
    let paused = seen.exporter("out")["paused"].as_str().unwrap_or_default().to_owned();
    assert!(paused.starts_with(&expected), "{paused}");
    seen.assert_accounted();
    let (ready, reasons) = stage.ask("/readyz");
    assert_eq!(ready, 503);
    assert!(reasons.contains("out is paused"), "{reasons}");
    let (_, metrics) = stage.ask("/metrics");
    assert!(metrics.contains("spangate_exporter_state{exporter=\"out\",state=\"paused\"} 1"), "{metrics}");
    assert!(
        metrics.contains("spangate_exporter_attempts_total{exporter=\"out\",outcome=\"unauthorized\"}"),
        "{metrics}"
    );

    status.store(200, SeqCst);
    wait_until("everything", || (stage.status().rows("out", "delivered") == 30).then_some(()));
    let seen = stage.status();
    assert_eq!(seen.exporter("out")["state"], "healthy");
    assert_eq!(seen.rows("out", "rejected"), 0);
    seen.assert_accounted();
    let (ended, log) = stage.spangate.server.terminate()?;
    assert!(ended.success(), "{ended}\n{log}");
    assert_eq!(log.matches("paused: ").count(), 2, "once when it began and once when it was over:\n{log}");
    assert!(!log.contains("not-the-right-key"), "{log}");
    Ok(())
}

#[test]
fn stopped_while_it_is_paused_an_exporter_says_why_nothing_was_delivered() -> Result<()> {
    let backend = moody(&Arc::new(AtomicU16::new(403)));
    let stage = Stage::start("", &exporter(&backend.url(), "1h"))?;
    stage.send(&[])?;
    wait_until("the pause", || (stage.status().exporter("out")["state"] == "paused").then_some(()));
    stage.status().assert_accounted();
    let (ended, log) = stage.spangate.server.terminate()?;
    assert_eq!(ended.code(), Some(3), "{log}");
    assert!(log.contains("out lost 6: shutdown 6"), "{log}");
    assert!(log.contains(&format!("out was paused: {} answered 403 Forbidden", backend.url())), "{log}");
    // Asked once more at the end, and not waited for.
    assert_eq!(backend.received().len(), 2);
    Ok(())
}

#[test]
fn a_token_that_is_mended_in_its_file_ends_the_pause_without_a_restart() -> Result<()> {
    let backend = Collector::answering(|request| match request.headers.get("authorization") {
        Some(value) if value == "Bearer the-right-token" => StatusCode::OK,
        _ => StatusCode::UNAUTHORIZED,
    });
    let (url, folder) = (backend.url(), tempfile::tempdir()?);
    let token = folder.path().join("token");
    std::fs::write(&token, "an-expired-token\n")?;
    let stage = Stage::start(
        "",
        &format!(
            "retry.pause = \"200ms\"\n[exporters.out.grants.http]\nallow = [\"{url}\"]\n\
             bearer_token_file = \"{}\"\nreload_interval = \"100ms\"\n[exporters.out.settings]\nendpoint = \"{url}\"\n",
            token.display()
        ),
    )?;
    stage.send(&[])?;
    wait_until("the pause", || (stage.status().exporter("out")["state"] == "paused").then_some(()));
    std::fs::write(&token, "the-right-token\n")?;
    wait_until("everything", || (stage.status().rows("out", "delivered") == 6).then_some(()));
    stage.status().assert_accounted();
    let (ended, log) = stage.spangate.server.terminate()?;
    assert!(ended.success(), "{ended}\n{log}");
    assert!(log.contains("the files of grants.http have changed"), "{log}");
    assert!(!log.contains("the-right-token"), "{log}");
    Ok(())
}
