//! What one exporter is not to see: rows, columns and attributes that are taken out, or hashed, before it reads a batch.
//!
//! Constraints:
//!
//! 1. What is not granted does not cross: it is in no column, no arena, and in no OTLP view. A narrowed batch is made anew
//!    from what is granted, and nothing of the whole is left in it.
//! 2. Rows stay rows and references stay in range: a column that is not granted is zero or empty, of the right length.
//! 3. Exporters with the same narrowing share one narrowed batch and its views for as long as one of them tries it.
//! 4. Whoever is not narrowed pays nothing.
//!
//! Attribute keys are the keys of attributes. What is nested inside a value, or in the body of an event, goes with it.

mod drop_rule;
mod hashing;
mod narrowing;
mod pattern;
mod shown;

pub use drop_rule::{DropRule, RuleStatus, RuleValue};
pub use hashing::AttributeHash;
pub use narrowing::{Changes, Narrowing};
pub use pattern::{Pattern, Patterns};
pub(crate) use shown::ShownBatches;
pub use shown::{Rest, Shown};
