//! The table: what there is, by the wall it runs against.

mod answers;
mod egress;
mod lifecycle;
mod loading;
mod memory;
mod time;

use super::specimen::Specimen;

/// Every specimen, by number.
pub(crate) fn table() -> Vec<Specimen> {
    let rows = [time::ROWS, memory::ROWS, answers::ROWS, egress::ROWS, loading::ROWS, lifecycle::ROWS];
    let mut table: Vec<Specimen> = rows.concat();
    table.sort_by_key(|specimen| specimen.id);
    table
}
