//! One guest that misbehaves: what it does, how it is to end, and what that has to prove.

use super::{scene::Scene, wire::Answer};

/// Where its component comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Guest {
    /// `guests/faulty`, told to behave as this file of its says.
    Faulty(&'static str),
    /// `tests/wat`, this file.
    Wat(&'static str),
}

impl Guest {
    /// The file's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Faulty(name) | Self::Wat(name) => name,
        }
    }
}

/// How it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// It is stopped, for one of these faults.
    Stopped(&'static [&'static str]),
    /// It is let be.
    Lives,
    /// It is not loaded, with an error that says all of this.
    Refused(&'static [&'static str]),
}

/// A row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Specimen {
    /// Of the study of faults; `Z9x` are walls that it does not list.
    pub(crate) id: &'static str,
    pub(crate) guest: Guest,
    /// What sets it apart from other rows of the same file.
    pub(crate) variant: &'static str,
    pub(crate) end: End,
    /// `[exporters.bad.settings]`, beside `fault`. `{backend}`, `{forbidden}`, their
    /// `{port}` and `{forbidden_port}`, and `{hostname}` are filled in.
    pub(crate) settings: &'static str,
    /// `[exporters.bad.limits]`
    pub(crate) limits: &'static str,
    /// `[exporters.bad.grants.http]`, beside `allow = ["{backend}"]`.
    pub(crate) grants: &'static str,
    /// Further tables of `[exporters.bad]`.
    pub(crate) tables: &'static str,
    /// What its backend answers.
    pub(crate) answer: fn() -> Answer,
    /// What is true while it runs, beside what is true of every guest.
    pub(crate) proof: fn(&Scene),
    /// What is true after the shutdown.
    pub(crate) epilogue: fn(&Scene),
    /// Whether it is too slow to be run a hundred times.
    pub(crate) is_slow: bool,
    /// Whether its log lines reach a sink whose panics nobody catches.
    pub(crate) is_bait: bool,
}

const LIMITS: &str = "fuel_per_batch = 200_000_000\ndeadline = \"400ms\"\nmemory = \"16MiB\"";

impl Specimen {
    /// The file `name` of `guests/faulty`.
    pub(crate) const fn faulty(id: &'static str, name: &'static str) -> Self {
        Self::new(id, Guest::Faulty(name))
    }

    /// The file `name` of `tests/wat`.
    pub(crate) const fn wat(id: &'static str, name: &'static str) -> Self {
        Self::new(id, Guest::Wat(name))
    }

    const fn new(id: &'static str, guest: Guest) -> Self {
        Self {
            id,
            guest,
            variant: "",
            end: End::Lives,
            settings: "",
            limits: LIMITS,
            grants: "",
            tables: "[exporters.bad.retry]\ninitial = \"10ms\"\nmax = \"50ms\"",
            answer: super::wire::ok,
            proof: |_| {},
            epilogue: |_| {},
            is_slow: false,
            is_bait: false,
        }
    }

    pub(crate) const fn variant(self, variant: &'static str) -> Self {
        Self { variant, ..self }
    }

    pub(crate) const fn stopped(self, kinds: &'static [&'static str]) -> Self {
        Self { end: End::Stopped(kinds), ..self }
    }

    pub(crate) const fn refused(self, words: &'static [&'static str]) -> Self {
        Self { end: End::Refused(words), ..self }
    }

    pub(crate) const fn settings(self, settings: &'static str) -> Self {
        Self { settings, ..self }
    }

    pub(crate) const fn limits(self, limits: &'static str) -> Self {
        Self { limits, ..self }
    }

    pub(crate) const fn grants(self, grants: &'static str) -> Self {
        Self { grants, ..self }
    }

    pub(crate) const fn tables(self, tables: &'static str) -> Self {
        Self { tables, ..self }
    }

    pub(crate) const fn answer(self, answer: fn() -> Answer) -> Self {
        Self { answer, ..self }
    }

    pub(crate) const fn proof(self, proof: fn(&Scene)) -> Self {
        Self { proof, ..self }
    }

    pub(crate) const fn epilogue(self, epilogue: fn(&Scene)) -> Self {
        Self { epilogue, ..self }
    }

    /// Not a hundred times.
    pub(crate) const fn slow(self) -> Self {
        Self { is_slow: true, ..self }
    }

    /// Its log lines may panic in the host.
    pub(crate) const fn bait(self) -> Self {
        Self { is_bait: true, ..self }
    }

    /// `z01_spin`
    pub(crate) fn name(&self) -> String {
        let (id, guest) = (self.id.to_lowercase(), self.guest.name());
        match self.variant {
            "" => format!("{id}_{guest}"),
            variant => format!("{id}_{guest}_{variant}"),
        }
    }
}
