//! How the process ends. The numbers are part of the interface and printed in `--help`.

use std::process::ExitCode;

/// What the exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: what was asked for was done, and nothing was lost.
    Success,
    /// 1: it could not be done.
    Failure,
    /// 2: the command line or the configuration is wrong. Nothing was started.
    Usage,
    /// 3: stopped, and spans or events were lost since the start, be it by a second SIGTERM.
    Lost,
    /// 130: stopped at once, by a second Ctrl-C or by one while starting.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Lost => 3,
            Exit::Interrupted => 130,
        })
    }
}
