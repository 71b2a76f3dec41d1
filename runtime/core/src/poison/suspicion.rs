//! What the rows of a waiting batch did, and what follows from it.

use super::circuit::Circuit;

/// Faults of a whole batch after which it is cut.
const CUT_WHOLE: u32 = 2;
/// Faults of a part after which it is cut.
const CUT_PART: u32 = 1;

/// What the rows of a waiting batch did. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suspicion {
    /// Of exactly these rows.
    faults: u32,
    is_part: bool,
    /// What had got through when the batch first faulted, or when the part that these rows were cut from did.
    since: Option<u64>,
}

/// What becomes of rows that faulted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// They wait for another attempt, as they are.
    Again,
    /// They are cut, or tried once more, without a wait.
    AtOnce,
    /// It is one row, and the cause.
    Poison,
}

impl Suspicion {
    /// Nothing is known.
    pub const NONE: Self = Self { faults: 0, is_part: false, since: None };

    /// Whether anything speaks against the rows.
    pub fn is_suspect(&self) -> bool {
        self.is_part || self.faults > 0
    }

    /// Whether exactly these rows have faulted.
    pub fn has_faulted(&self) -> bool {
        self.faults > 0
    }

    /// Whether the rows were cut from a batch that faulted.
    pub fn is_part(&self) -> bool {
        self.is_part
    }

    /// The same for a part of the rows, which has not been tried yet.
    #[must_use]
    pub const fn of_part(self) -> Self {
        Self { faults: 0, is_part: true, ..self }
    }

    /// Whether the rows are to be cut in two before the next call.
    pub fn is_cut_next(&self, rows: u32, circuit: &Circuit) -> bool {
        self.wants_cut(rows) && circuit.is_data_suspected(self)
    }

    /// The rows faulted, and the circuit knows: what is known now, and what follows.
    #[must_use]
    pub fn after_fault(self, rows: u32, circuit: &Circuit) -> (Self, Ruling) {
        // A part that is to be cut begins anew: what gets through from here on speaks for the exporter of now.
        let is_begun_anew = self.is_part && rows > 1;
        let since = self.since.filter(|_| !is_begun_anew).or(Some(circuit.passes()));
        let now = Self { faults: self.faults.saturating_add(1), since, ..self };
        (now, now.rule(rows, circuit))
    }

    fn rule(&self, rows: u32, circuit: &Circuit) -> Ruling {
        if !circuit.is_data_suspected(self) {
            return Ruling::Again;
        }
        // A lone row was tried as often as a row that was cut out of others: its batch twice, and then once more.
        let enough = if self.is_part { 2 } else { CUT_WHOLE + 1 };
        match rows {
            1 if self.faults >= enough && circuit.is_proven(self) => Ruling::Poison,
            1 if self.faults < enough && self.is_part => Ruling::AtOnce,
            1 => Ruling::Again,
            _ if self.wants_cut(rows) => Ruling::AtOnce,
            _ => Ruling::Again,
        }
    }

    fn wants_cut(&self, rows: u32) -> bool {
        rows > 1 && self.faults >= if self.is_part { CUT_PART } else { CUT_WHOLE }
    }

    pub(super) fn since(&self) -> Option<u64> {
        self.since
    }
}
