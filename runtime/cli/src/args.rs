//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use spangate::telemetry::Level;

use crate::{bench::BenchArgs, test::Answer};

const EXIT_CODES: &str = "\
Exit codes:
  0    done, nothing was lost
  1    it could not be done
  2    the command line or the configuration is wrong; nothing was started
  3    stopped, and spans or events were lost
  130  a second Ctrl-C, or one while starting: stopped at once";

const TOP_EXAMPLES: &str = "\
Examples:
  spangate demo                         see what it does, without any set-up
  spangate check spangate.toml          every error of a configuration at once
  spangate run spangate.toml            receive, and deliver through sandboxes
  spangate inspect exporter.wasm        what a component is and what it would need
  spangate new slow-spans               start an exporter of your own
  spangate test exporter.wasm           try it out on batches of every shape
  spangate bench exporter.wasm          how fast it is, and what to allow it";

const RUN_EXAMPLES: &str = "\
Examples:
  spangate run spangate.toml
  spangate run --log debug spangate.toml
  ZIPKIN_TOKEN=... spangate run spangate.toml    for `${env:ZIPKIN_TOKEN}` in the file

Ctrl-C and SIGTERM stop taking spans, empty the queues within `[shutdown] deadline`,
and say what became of every span. A second Ctrl-C stops at once.";

const CHECK_EXAMPLES: &str = "\
Examples:
  spangate check spangate.toml
  spangate check spangate.toml && systemctl restart spangate

Loads every component in its sandbox and hands it its settings, but binds no port and sends nothing.";

const HEALTH_EXAMPLES: &str = "\
Examples:
  spangate health spangate.toml            0 if it is alive: for restarts
  spangate health --ready spangate.toml    0 if it is ready, else the reasons: for traffic

Asks the admin endpoint that the configuration names; it listens on this machine alone.";

const INSPECT_EXAMPLES: &str = "\
Examples:
  spangate inspect exporters/billing.wasm
  spangate inspect builtin:zipkin
  spangate inspect --json builtin:otlp | jq .signals";

const NEW_EXAMPLES: &str = "\
Examples:
  spangate new slow-spans --sdk ../spangate/sdk/rust
  spangate new slow-spans --sdk ../spangate/sdk/rust --path exporters/slow-spans

Writes a small project that builds and passes its test as it is, and says what to run next.";

const TEST_EXAMPLES: &str = "\
Examples:
  spangate test exporters/billing.wasm
  spangate test builtin:zipkin --requests
  spangate test exporters/billing.wasm --settings '{\"endpoint\": \"http://backend.example\"}'
  spangate test exporters/billing.wasm --answer '200={\"errors\": false}' --answer timeout

Needs no configuration and no network: requests are recorded and answered inside the process.
Exits with 1 if anything is wrong: the exporter is stopped, leaks, reads what it does not declare,
or makes something else of its backend's answers than delivery needs.";

const BENCH_EXAMPLES: &str = "\
Examples:
  spangate bench exporters/billing.wasm
  spangate bench builtin:zipkin --settings '{\"endpoint\": \"http://localhost:9411/api/v2/spans\"}'
  spangate bench exporters/billing.wasm --settings billing.json --rate 20000

Needs no configuration and no network: every request is answered with 200 inside the process.
CPU time is that of the exporter's thread, so it holds on a busy machine, too.";

/// Runs trace exporters as WebAssembly components, each in a sandbox with a budget.
#[derive(Debug, Parser)]
#[command(name = "spangate", version, max_term_width = 100, after_help = format!("{TOP_EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Receive spans and events, and deliver them through sandboxed exporters
    #[command(after_help = format!("{RUN_EXAMPLES}\n\n{EXIT_CODES}"))]
    Run(RunArgs),
    /// Find every error of a configuration without starting it
    #[command(after_help = format!("{CHECK_EXAMPLES}\n\n{EXIT_CODES}"))]
    Check(CheckArgs),
    /// Ask a running spangate whether it is alive, or ready
    #[command(after_help = format!("{HEALTH_EXAMPLES}\n\n{EXIT_CODES}"))]
    Health(HealthArgs),
    /// Show what a component is, what it imports and what would have to be granted
    #[command(after_help = format!("{INSPECT_EXAMPLES}\n\n{EXIT_CODES}"))]
    Inspect(InspectArgs),
    /// Try an exporter out: batches of every shape, a backend that also fails, and many batches
    #[command(after_help = format!("{TEST_EXAMPLES}\n\n{EXIT_CODES}"))]
    Test(TestArgs),
    /// Start a project for an exporter of your own
    #[command(after_help = format!("{NEW_EXAMPLES}\n\n{EXIT_CODES}"))]
    New(NewArgs),
    /// Measure an exporter in its sandbox: speed, fuel, memory, and a budget for it
    #[command(after_help = format!("{BENCH_EXAMPLES}\n\n{EXIT_CODES}"))]
    Bench(BenchArgs),
    /// Show the promise on a small shop's traces: no set-up, no network
    #[command(after_help = format!("Example:\n  spangate demo\n\n{EXIT_CODES}"))]
    Demo,
}

/// `spangate run`
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The configuration, a TOML file
    pub(crate) config: PathBuf,
    /// How much to say on standard error
    #[arg(long, value_enum, default_value_t = LogLevel::Info, value_name = "LEVEL")]
    pub(crate) log: LogLevel,
}

/// `spangate check`
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The configuration, a TOML file
    pub(crate) config: PathBuf,
}

/// `spangate health`
#[derive(Debug, clap::Args)]
pub(crate) struct HealthArgs {
    /// The configuration it runs with, a TOML file with an `[admin]` table
    pub(crate) config: PathBuf,
    /// Whether it takes spans and can deliver them, and if not, why
    #[arg(long)]
    pub(crate) ready: bool,
}

/// `spangate inspect`
#[derive(Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// A component's file, or builtin:NAME
    pub(crate) component: String,
    /// Print one JSON document instead
    #[arg(long)]
    pub(crate) json: bool,
}

/// `spangate test`
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// A component's file, or builtin:NAME
    pub(crate) component: String,
    /// Its settings: JSON, or a file of JSON
    #[arg(long, value_name = "JSON")]
    pub(crate) settings: Option<String>,
    /// What the backend answers in the place of the usual answers: STATUS, STATUS=BODY, refused, timeout, broken.
    /// The first success answers the batches of every shape, too
    #[arg(long, value_name = "ANSWER")]
    pub(crate) answer: Vec<Answer>,
    /// Grant this and nothing else that has to be granted [default: everything]
    #[arg(long, value_enum, value_name = "GRANT")]
    pub(crate) grant: Vec<TrialGrant>,
    /// Show every request, not the first of each kind
    #[arg(long)]
    pub(crate) requests: bool,
}

/// What can be granted in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrialGrant {
    Http,
    Terminal,
    /// Nothing at all.
    None,
}

/// `spangate new`
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// Name of the project: lower-case letters, digits, `-` and `_`
    pub(crate) name: String,
    /// The folder to make [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<PathBuf>,
    /// The language to write it in
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    pub(crate) language: Language,
    /// Where the SDK is: the folder sdk/rust of spangate's source, until it is published
    #[arg(long, value_name = "PATH")]
    pub(crate) sdk: Option<PathBuf>,
}

/// Languages that there is a template for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Language {
    Rust,
}

/// Levels from the one that says most.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}
