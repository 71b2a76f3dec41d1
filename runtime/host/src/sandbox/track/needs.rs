//! What an import asks of the operator.

use super::InterfaceName;

/// What an import asks of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: every exporter gets it.
    Always,
    /// Nothing: answered by a world without arguments, environment, files and sockets.
    EmptyWorld,
    /// A grant under `[exporters.NAME.grants]`, by its key.
    Grant(&'static str),
    /// It cannot be had.
    Unknown {
        /// What to use instead.
        hint: String,
    },
}

/// The package of the contract.
pub(in super::super) const PACKAGE: &str = "spangate:exporter";

const ALWAYS: [&str; 6] = ["batch", "spans", "events", "log", "clock", "metrics"];

const CLI: [&str; 10] = [
    "environment",
    "exit",
    "stdin",
    "stdout",
    "stderr",
    "terminal-input",
    "terminal-output",
    "terminal-stdin",
    "terminal-stdout",
    "terminal-stderr",
];

/// What the import `name` asks of the operator of a host that serves `track`.
pub(in super::super) fn need_of(name: &str, track: (u64, u64)) -> Need {
    let Some(name) = InterfaceName::parse(name) else {
        return unknown("an exporter imports interfaces of `spangate:exporter` only");
    };
    let (major, minor, _) = name.version;
    match (name.package, name.interface) {
        (PACKAGE, _) if (major, minor) != track => unknown(&format!("this host serves track {}.{}", track.0, track.1)),
        (PACKAGE, interface) if ALWAYS.contains(&interface) => Need::Always,
        (PACKAGE, "http") => Need::Grant("http"),
        (PACKAGE, "terminal") => Need::Grant("terminal"),
        (PACKAGE, _) => unknown("this host is older than that interface: use a newer spangate"),
        (package, interface) if (major, minor) == (0, 2) && is_in_empty_world(package, interface) => Need::EmptyWorld,
        ("wasi:http" | "wasi:sockets", _) => {
            unknown("use `spangate:exporter/http`, which the operator can grant and bound")
        }
        (package, _) if package.starts_with("wasi:") && (major, minor) != (0, 2) => {
            unknown("only WASI 0.2 is answered")
        }
        _ => unknown("an exporter imports interfaces of `spangate:exporter` only"),
    }
}

fn is_in_empty_world(package: &str, interface: &str) -> bool {
    match package {
        "wasi:cli" => CLI.contains(&interface),
        "wasi:io" => matches!(interface, "error" | "poll" | "streams"),
        "wasi:clocks" => matches!(interface, "wall-clock" | "monotonic-clock"),
        "wasi:random" => matches!(interface, "random" | "insecure" | "insecure-seed"),
        "wasi:filesystem" => matches!(interface, "types" | "preopens"),
        _ => false,
    }
}

fn unknown(hint: &str) -> Need {
    Need::Unknown { hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(name: &str) -> Need {
        need_of(name, (0, 1))
    }

    #[test]
    fn what_is_harmless_is_always_there() {
        for interface in ALWAYS {
            assert_eq!(need(&format!("spangate:exporter/{interface}@0.1.0")), Need::Always);
        }
        assert_eq!(need("spangate:exporter/log@0.1.7"), Need::Always);
    }

    #[test]
    fn what_reaches_out_needs_a_grant() {
        assert_eq!(need("spangate:exporter/http@0.1.0"), Need::Grant("http"));
        assert_eq!(need("spangate:exporter/terminal@0.1.0"), Need::Grant("terminal"));
    }

    #[test]
    fn what_toolchains_import_unasked_is_answered_emptily() {
        for name in ["wasi:cli/exit@0.2.0", "wasi:io/poll@0.2.6", "wasi:filesystem/preopens@0.2.12"] {
            assert_eq!(need(name), Need::EmptyWorld, "{name}");
        }
    }

    #[test]
    fn everything_else_is_unknown() {
        for name in [
            "wasi:sockets/tcp@0.2.0",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:cli/run@0.2.0",
            "wasi:io/poll@0.3.0",
            "spangate:exporter/kv@0.1.0",
            "spangate:exporter/log@0.2.0",
            "spangate:exporter/log@1.1.0",
            "acme:billing/ledger@1.0.0",
            "plain-name",
        ] {
            assert!(matches!(need(name), Need::Unknown { .. }), "{name}");
        }
    }
}
