//! The machine's clocks: the operating system's for waits and deadlines, and a faster one for time stamps.
//!
//! Constraints: a look at the clock costs a few nanoseconds, because every span takes two; what it tells is never far
//! from what the operating system tells, and where the processor's counter is no good, nobody notices.

mod anchor;
mod counter;
mod paced;
mod system;

pub use counter::CounterClock;
pub use system::SystemClock;
