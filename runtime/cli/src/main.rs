//! The `spangate` binary: runs, checks and inspects trace exporters that live in sandboxes.

mod args;
mod bench;
mod check;
mod clock_time;
mod component_file;
mod config_file;
mod demo;
mod exit;
mod fault_text;
mod health;
mod inspect;
mod listing;
mod load_problem;
mod loading;
mod narrowing;
mod new;
mod paint;
mod receiver_files;
mod report;
mod run;
mod service_notice;
mod start_problem;
mod stderr_log;
mod stdout_sink;
mod stop_signals;
mod table;
mod test;
mod trial;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    args::{Args, Command},
    exit::Exit,
};

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Demo => demo::run(),
        Command::Bench(args) => bench::bench(&args),
        Command::Check(args) => check::check(&args),
        Command::Health(args) => health::health(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::New(args) => new::new(&args),
        Command::Test(args) => test::test(&args),
        Command::Run(args) => run::run(&args),
    };
    let exit = outcome.unwrap_or_else(|error| {
        eprintln!("{} {error:#}", paint::stderr().red("error:"));
        Exit::Failure
    });
    exit.into()
}
