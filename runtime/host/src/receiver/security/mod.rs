//! Who may send, and how it is proved.
//!
//! What must hold:
//!
//! 1. A token or a key appears in no log line, status, error or debug output. Of tokens not even the text is kept.
//! 2. Comparing tokens takes the same time whatever is sent, and however many there are before the right one.
//! 3. Files are read when the receiver starts, and an unusable one keeps it from starting; later they are read again, and
//!    an unusable one changes nothing but is told. A change counts by content, so that it does not matter how it was
//!    made: written in place, renamed over, or a link that points elsewhere.

mod credentials;
mod file;
mod tls;
mod tokens;
mod validity;
mod watched;

pub use credentials::{Examined, examine};
pub use file::FileError;

pub(super) use credentials::Credentials;
pub(crate) use credentials::TlsSource;
pub(super) use tokens::Shown;
