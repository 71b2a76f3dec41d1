//! What a configuration says, in types that cannot be wrong. Mirrors the TOML exactly and holds no behaviour.

mod config;
mod exporter;
mod grants;
mod receiver;
mod select;

pub use config::*;
pub use exporter::*;
pub use grants::*;
pub use receiver::*;
pub use select::*;
