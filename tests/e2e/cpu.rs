//! CPU time as a budget for all exporters together: it holds, and who competes gets its part by weight.
//!
//! What is asserted are ratios of the CPU time that was metered, never how long something took.

use anyhow::Result;
use prost::Message;
use spangate_tests::{Collector, Ports, Spangate, Status, exporter_to, guest, post, samples, wait_until};

/// Exporters that compute for ever, as soon as there is a batch.
struct Race {
    receiver: String,
    admin: u16,
    sink: Collector,
    _spangate: Spangate,
}

impl Race {
    /// Runners are named and weighted. A healthy exporter delivers beside them.
    fn start(cores: f64, threads: usize, runners: &[(&str, u32)]) -> Result<Self> {
        let sink = Collector::start();
        let (ports, url) = (Ports::free(), sink.url());
        let mut config = format!(
            r#"
            {tables}
            [batch]
            schedule_delay = "20ms"
            [sandbox]
            cpu_share = {cores:?}
            threads = {threads}
            {healthy}
            "#,
            tables = ports.tables(),
            healthy = exporter_to(&url, "healthy", "builtin:otlp"),
        );
        for (name, weight) in runners {
            config += &format!(
                r#"
                [exporters.{name}]
                component = "{faulty}"
                limits = {{ fuel_per_batch = 1_000_000_000_000_000, deadline = "10m", cpu_share = 1.0, weight = {weight} }}
                grants.http.allow = ["{url}"]
                settings.fault = "spin"
                "#,
                faulty = guest("faulty").display(),
            );
        }
        let Ports { admin, .. } = ports;
        Ok(Self { _spangate: Spangate::run(&config, admin)?, receiver: ports.traces(), admin, sink })
    }

    fn send(&self) -> Result<()> {
        let body = samples::every_span_field(2).encode_to_vec();
        let (status, answer) = post(&self.receiver, &[("content-type", "application/x-protobuf")], &body)?;
        anyhow::ensure!(status == 200, "{status} {answer}");
        Ok(())
    }

    /// Waits until every runner runs.
    fn all_running(&self, runners: &[(&str, u32)]) -> Status {
        wait_until("every runner to run", || {
            let status = Status::ask(self.admin);
            runners.iter().all(|(name, _)| seconds(&status, name, "cpu_seconds") > 0.01).then_some(status)
        })
    }

    /// Waits until all together used so many seconds of CPU time more than `since`.
    fn used(&self, since: &Status, more: f64) -> Status {
        let used = |status: &Status| status.sandbox()["cpu_seconds"].as_f64().unwrap_or_default();
        wait_until("CPU time to be used", || {
            let status = Status::ask(self.admin);
            (used(&status) - used(since) >= more).then_some(status)
        })
    }
}

fn seconds(status: &Status, exporter: &str, column: &str) -> f64 {
    status.exporter(exporter)["cost"][column].as_f64().unwrap_or_default()
}

#[test]
fn a_weight_of_three_hundred_gets_three_times_the_cpu_time_of_one_hundred() -> Result<()> {
    // One thread: a machine that is busy otherwise has less than the budget, and shares it out by thread.
    let runners = [("heavy", 300), ("light", 100)];
    let race = Race::start(0.5, 1, &runners)?;
    race.send()?;
    let start = race.all_running(&runners);
    let end = race.used(&start, 1.0);
    let used = |name| seconds(&end, name, "cpu_seconds") - seconds(&start, name, "cpu_seconds");
    let ratio = used("heavy") / used("light");
    assert!((2.5..3.6).contains(&ratio), "{} s against {} s", used("heavy"), used("light"));
    // Neither is over its own share: each waits because of the other and of the budget.
    for (name, _) in runners {
        assert!(seconds(&end, name, "contended_seconds") > seconds(&end, name, "throttled_seconds"), "{name}");
    }
    Ok(())
}

#[test]
fn five_exporters_that_compute_for_ever_stay_within_the_budget_of_all_and_share_it() -> Result<()> {
    // Less than a machine has left for them that is busy otherwise.
    const CORES: f64 = 0.05;
    let runners = [("one", 100), ("two", 100), ("three", 100), ("four", 100), ("five", 100)];
    let race = Race::start(CORES, 2, &runners)?;
    race.send()?;
    let start = race.all_running(&runners);
    for _ in 0..5 {
        race.send()?;
    }
    let end = race.used(&start, 0.3);
    let passed = |of: fn(&Status) -> &serde_json::Value, column| {
        of(&end)[column].as_f64().unwrap_or_default() - of(&start)[column].as_f64().unwrap_or_default()
    };
    let (used, uptime) = (passed(Status::sandbox, "cpu_seconds"), passed(Status::runtime, "uptime_seconds"));
    // A burst of a tenth of a second's worth, and a slice for each thread.
    assert!(used <= CORES * (uptime + 0.1) + 0.02, "{used} s of CPU time in {uptime} s");
    let each = runners.map(|(name, _)| seconds(&end, name, "cpu_seconds") - seconds(&start, name, "cpu_seconds"));
    let (sum, squares): (f64, f64) = (each.iter().sum(), each.iter().map(|used| used * used).sum());
    let jain_index = sum * sum / (5.0 * squares);
    assert!(jain_index >= 0.95, "{each:?}");
    let metered = runners.iter().map(|(name, _)| seconds(&end, name, "cpu_seconds"));
    let metered = metered.sum::<f64>() + seconds(&end, "healthy", "cpu_seconds");
    assert!(end.sandbox()["cpu_seconds"].as_f64() >= Some(metered - 0.1), "CPU time that nobody is charged for");

    let delivered = wait_until("the healthy exporter", || {
        let status = Status::ask(race.admin);
        (status.rows("healthy", "queued") + status.rows("healthy", "in_flight") == 0).then_some(status)
    });
    assert_eq!(delivered.rows("healthy", "delivered"), 6 * 6);
    assert!(!race.sink.received().is_empty());
    assert_eq!(delivered.exporter("healthy")["last_fault"], serde_json::Value::Null);
    delivered.assert_accounted();
    Ok(())
}
