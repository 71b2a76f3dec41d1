//! `/status`, as an operator reads it.

use serde_json::Value;

use crate::get;

/// The document behind `/status` of one spangate.
#[derive(Clone, Debug)]
pub struct Status(Value);

impl Status {
    /// Asks `/status` on a loopback port.
    ///
    /// # Panics
    /// If there is no answer, or it is not JSON.
    pub fn ask(admin_port: u16) -> Self {
        let (code, body) = get(&format!("http://127.0.0.1:{admin_port}/status")).expect("an answer from /status");
        assert_eq!(code, 200, "{body}");
        Self::parse(&body)
    }

    /// The document as it came.
    ///
    /// # Panics
    /// If it is not JSON.
    pub fn parse(body: &str) -> Self {
        Self(serde_json::from_str(body).expect("a document in JSON"))
    }

    /// The document of a runtime in this process.
    ///
    /// # Panics
    /// Never: a status can be written as JSON.
    pub fn of(status: &spangate::status::Status) -> Self {
        Self(serde_json::to_value(status).expect("a document in JSON"))
    }

    /// The part of the process as a whole.
    pub fn runtime(&self) -> &Value {
        &self.0["runtime"]
    }

    /// The part of all sandboxed exporters together.
    pub fn sandbox(&self) -> &Value {
        &self.0["sandbox"]
    }

    /// The part of one exporter.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn exporter(&self, name: &str) -> &Value {
        let exporters = self.0["exporters"].as_array().expect("a list of exporters");
        exporters.iter().find(|exporter| exporter["name"] == name).unwrap_or_else(|| panic!("no exporter {name}"))
    }

    /// A number in an exporter's ledger: `delivered`, `queued` and so on.
    pub fn rows(&self, exporter: &str, column: &str) -> u64 {
        self.exporter(exporter)["ledger"][column].as_u64().unwrap_or_default()
    }

    /// Rows of an exporter that were dropped for `reason`.
    pub fn dropped(&self, exporter: &str, reason: &str) -> u64 {
        self.exporter(exporter)["ledger"]["dropped"][reason].as_u64().unwrap_or_default()
    }

    /// The conservation law, added up here from the numbers and not taken from the document's own word.
    ///
    /// # Panics
    /// If a row is unaccounted for.
    pub fn assert_accounted(&self) {
        let intake = &self.0["intake"];
        let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("not a count: {value}"));
        let sum = |map: &Value| map.as_object().expect("counts by reason").values().map(count).sum::<u64>();
        assert_eq!(
            count(&intake["recorded"]) + count(&intake["received"]),
            count(&intake["sampled_out"]) + count(&intake["accepted"]) + sum(&intake["dropped"]),
            "{intake}"
        );
        for exporter in self.0["exporters"].as_array().expect("a list of exporters") {
            let ledger = &exporter["ledger"];
            let columns = ["delivered", "rejected", "dead_lettered", "queued", "in_flight"];
            let places = columns.iter().map(|column| count(&ledger[column])).sum::<u64>() + sum(&ledger["dropped"]);
            assert_eq!(count(&ledger["accepted"]), places, "{exporter}");
        }
    }
}
