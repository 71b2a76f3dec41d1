//! How many instances a component comes to when it is instantiated.
//!
//! A component inside that makes eight instances of another one, which makes eight of a third, and so on, is a few hundred
//! bytes and millions of instances: the compiler unfolds them all. Which component an instance is made of is not looked up
//! here: each counts as the heaviest that was complete before, which can only be too much.

use wasmparser::{ComponentInstance, Payload};

use super::count::within;
use crate::sandbox::error::LoadError;

/// Instances that one instance of the whole comes to. The compiler takes about a microsecond for each, and far less than a
/// kilobyte.
const MAX_UNFOLDED: u64 = 100_000;

/// What is open at one place of the bytes, and the heaviest that is closed.
#[derive(Debug)]
pub(super) struct Unfolding {
    /// The components around, outermost first; core modules make no instances and count nothing.
    open: Vec<Level>,
    /// Instances that one instance of it comes to.
    heaviest: u64,
}

/// What one component makes itself.
#[derive(Debug, Default)]
struct Level {
    core_instances: u64,
    instances: u64,
}

impl Unfolding {
    pub(super) fn new() -> Self {
        Self { open: vec![Level::default()], heaviest: 1 }
    }

    /// Follows the bytes.
    ///
    /// # Errors
    /// [`LoadError::TooComplex`] once there are too many.
    pub(super) fn add(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => self.open.push(Level::default()),
            Payload::InstanceSection(section) => {
                if let Some(level) = self.open.last_mut() {
                    level.core_instances = level.core_instances.saturating_add(section.count().into());
                }
            }
            Payload::ComponentInstanceSection(section) => {
                let made = section.clone().into_iter().flatten();
                let made = made.filter(|instance| matches!(instance, ComponentInstance::Instantiate { .. })).count();
                if let Some(level) = self.open.last_mut() {
                    level.instances = level.instances.saturating_add(made as u64);
                }
            }
            Payload::End(_) => return self.close(),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), LoadError> {
        let Some(level) = self.open.pop() else { return Ok(()) };
        let unfolded = level.instances.saturating_mul(self.heaviest).saturating_add(level.core_instances);
        self.heaviest = self.heaviest.max(unfolded);
        within("instances when all that is inside is unfolded", unfolded, MAX_UNFOLDED)
    }
}
