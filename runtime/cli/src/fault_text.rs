//! What a sandbox says about a fault, over several lines: the reason, the exporter's own words, the functions, the bill.

use spangate_core::exporter::Fault;

/// The parts of a fault's detail, each a line.
pub(crate) fn parts(detail: &str) -> impl Iterator<Item = &str> {
    detail.split("; ").flat_map(|part| part.split(" | "))
}

/// Why an exporter was stopped, for its author.
pub(crate) fn told(fault: &Fault) -> String {
    let lines: Vec<&str> = parts(&fault.detail).collect();
    format!("the exporter was stopped: {}\n  {}", fault.kind, lines.join("\n  "))
}

#[cfg(test)]
mod tests {
    use spangate_core::exporter::FaultKind;

    use super::*;

    #[test]
    fn every_part_has_a_line_of_its_own() {
        let detail = "unreachable; said: panicked at src/lib.rs:6:5: | boom; in a::b < a::c; after 7 fuel".to_owned();
        let told = told(&Fault { kind: FaultKind::Trapped, detail });
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "the exporter was stopped: trapped");
        let rest =
            ["  unreachable", "  said: panicked at src/lib.rs:6:5:", "  boom", "  in a::b < a::c", "  after 7 fuel"];
        assert_eq!(lines[1..], rest);
    }
}
