//! Who is there beside the healthy exporter.

use std::net::TcpListener;

use url::Url;

/// One way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Loops.
    Spin,
    /// Follows pointers that no cache foresees.
    PointerChase,
    /// Fills its memory.
    MemoryBomb,
    /// Panics at every call.
    Trap,
    /// Sends to a backend that takes connections and never answers.
    Blackhole,
    /// Logs without end.
    LogFlood,
}

impl Fault {
    pub(super) const ALL: [Self; 6] =
        [Self::Spin, Self::PointerChase, Self::MemoryBomb, Self::Trap, Self::Blackhole, Self::LogFlood];

    /// The exporter's name in the configuration.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Spin => "spin",
            Self::PointerChase => "pointer_chase",
            Self::MemoryBomb => "memory_bomb",
            Self::Trap => "trap",
            Self::Blackhole => "blackhole",
            Self::LogFlood => "log_flood",
        }
    }

    /// Its table in the configuration: what it is, and that it gets what the healthy one gets. Recording a span when it
    /// starts as well costs as much again, whoever asks for it. Its limits are the defaults.
    fn toml(self, blackhole: &Blackhole) -> String {
        let name = self.name();
        let (component, settings) = match self {
            Self::Blackhole => ("otlp", format!("endpoint = \"{}\"", blackhole.url())),
            _ => ("faulty", format!("fault = \"{name}\"")),
        };
        format!(
            "[exporters.{name}]\ncomponent = \"builtin:{component}\"\n\
             subscribe = {{ events = [] }}\n\
             [exporters.{name}.grants.http]\nallow = [\"{}\"]\n[exporters.{name}.settings]\n{settings}\n",
            blackhole.url()
        )
    }
}

/// What is beside the healthy exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neighbours {
    /// As the table says it.
    pub(super) title: &'static str,
    pub(super) faults: &'static [Fault],
}

impl Neighbours {
    /// The first is nobody, the last is everybody.
    pub(super) const ALL: [Self; 8] = [
        Self { title: "none", faults: &[] },
        Self { title: "spin", faults: &[Fault::Spin] },
        Self { title: "pointer chase", faults: &[Fault::PointerChase] },
        Self { title: "memory bomb", faults: &[Fault::MemoryBomb] },
        Self { title: "trap each call", faults: &[Fault::Trap] },
        Self { title: "blackholed backend", faults: &[Fault::Blackhole] },
        Self { title: "log flood", faults: &[Fault::LogFlood] },
        Self { title: "all at once", faults: &Fault::ALL },
    ];

    pub(super) fn toml(&self, blackhole: &Blackhole) -> String {
        self.faults.iter().map(|fault| fault.toml(blackhole)).collect()
    }
}

/// A backend whose kernel takes connections that no program ever looks at.
pub(super) struct Blackhole {
    listener: TcpListener,
}

impl Blackhole {
    /// # Errors
    /// If there is no port.
    pub(super) fn start() -> anyhow::Result<Self> {
        Ok(Self { listener: TcpListener::bind("127.0.0.1:0")? })
    }

    fn url(&self) -> Url {
        let port = self.listener.local_addr().map_or(9, |address| address.port());
        Url::parse(&format!("http://127.0.0.1:{port}/")).unwrap_or_else(|error| panic!("a port in a URL: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_row_of_its_own_and_is_in_the_last_one() {
        let alone: Vec<_> =
            Neighbours::ALL.iter().filter(|row| row.faults.len() == 1).map(|row| row.faults[0]).collect();
        assert_eq!(alone, Fault::ALL);
        assert_eq!((Neighbours::ALL[0].faults.len(), Neighbours::ALL[7].faults), (0, &Fault::ALL[..]));
    }

    #[test]
    fn what_is_written_is_read() {
        let toml = Neighbours::ALL[7].toml(&Blackhole::start().unwrap());
        let options = spangate::Runtime::from_toml(toml);
        // Every mistake in the text would be told.
        let runtime = options.builtins(spangate_builtin::component).start().unwrap();
        let names: Vec<_> = runtime.status().exporters.into_iter().map(|exporter| exporter.name).collect();
        assert_eq!(names.len(), 6, "{names:?}");
    }
}
