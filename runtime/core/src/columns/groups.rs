//! Which rows belong to which scope and which scopes to which resource: the order in which OTLP writes them.

use super::{Columns, owned};

/// Rows by scope and scopes by resource, each in the order of its table. Scopes without rows and resources without
/// scopes are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    rows: Vec<u32>,
    row_ends: Vec<u32>,
    scopes: Vec<u32>,
    scope_ends: Vec<u32>,
}

impl Groups {
    /// Groups the rows whose scope numbers these are. Numbers that do not exist are one more scope, without attributes,
    /// of one more resource.
    pub fn new(columns: &Columns, scope_of_row: &[u32]) -> Self {
        let scope_count = columns.scopes.resource.len();
        let (rows, row_ends) = sort(scope_of_row.iter().copied().enumerate(), scope_count);
        let with_rows = (0..=scope_count).filter(|scope| !owned(&row_ends, *scope).is_empty());
        let with_resources =
            with_rows.map(|scope| (scope, columns.scopes.resource.get(scope).copied().unwrap_or(u32::MAX)));
        let (scopes, scope_ends) = sort(with_resources, columns.resources.dropped_attributes.len());
        Self { rows, row_ends, scopes, scope_ends }
    }

    /// Rows of the resource table that have rows, in order.
    pub fn resources(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.scope_ends.len()).filter(|resource| !owned(&self.scope_ends, *resource).is_empty())
    }

    /// Rows of the scope table that have rows and belong to this resource, in order.
    pub fn scopes(&self, resource: usize) -> &[u32] {
        self.scopes.get(owned(&self.scope_ends, resource)).unwrap_or_default()
    }

    /// Rows of this scope, in order.
    pub fn rows(&self, scope: u32) -> &[u32] {
        self.rows.get(owned(&self.row_ends, scope as usize)).unwrap_or_default()
    }
}

/// Sorts members by their group, stable; groups that do not exist are the one behind the last. Returns the members and
/// the prefix sums of the groups.
fn sort(members: impl Iterator<Item = (usize, u32)> + Clone, groups: usize) -> (Vec<u32>, Vec<u32>) {
    let mut next = vec![0u32; groups + 2];
    let mut count = 0;
    for (_, group) in members.clone() {
        next[(group as usize).min(groups) + 1] += 1;
        count += 1;
    }
    for group in 0..=groups {
        next[group + 1] += next[group];
    }
    let mut sorted = vec![0; count];
    for (member, group) in members {
        let place = &mut next[(group as usize).min(groups)];
        sorted[*place as usize] = member as u32;
        *place += 1;
    }
    // Each start has moved on to its group's end.
    next.truncate(groups + 1);
    (sorted, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::ColumnsBuilder;

    #[test]
    fn interleaved_rows_are_grouped_in_table_order() {
        let mut columns = ColumnsBuilder::default();
        columns.resources.dropped_attributes.extend([0, 0, 0]);
        columns.scopes.resource.extend([2, 0, 2, 1]);
        let groups = Groups::new(&columns.freeze(), &[2, 0, 1, 0, 2]);
        assert_eq!(groups.resources().collect::<Vec<_>>(), [0, 2]);
        assert_eq!(groups.scopes(0), [1]);
        assert_eq!(groups.scopes(2), [0, 2]);
        assert_eq!((groups.rows(0), groups.rows(1), groups.rows(2)), (&[1, 3][..], &[2][..], &[0, 4][..]));
    }

    #[test]
    fn rows_of_scopes_that_do_not_exist_are_not_lost() {
        let groups = Groups::new(&Columns::default(), &[7, 9]);
        assert_eq!(groups.resources().collect::<Vec<_>>(), [0]);
        assert_eq!(groups.scopes(0), [0]);
        assert_eq!(groups.rows(0), [0, 1]);
    }
}
