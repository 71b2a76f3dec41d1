//! Opens a port, or says why it cannot be opened.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

use super::security::FileError;

/// Why a receiver or the admin endpoint did not start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another process listens there.
    #[error("address already in use: {address}; stop the other process or change [{table}] listen")]
    InUse {
        /// Where it should have listened.
        address: SocketAddr,
        /// The table of the configuration that says so.
        table: &'static str,
    },
    /// The admin endpoint shows what nobody else should see.
    #[error("[{table}] listen = \"{address}\" is reachable by others; use a loopback address such as 127.0.0.1")]
    NotLoopback {
        /// Where it should have listened.
        address: SocketAddr,
        /// The table of the configuration that says so.
        table: &'static str,
    },
    /// Anybody could send, or read along.
    #[error("[{table}] listen = \"{address}\" is reachable by others: {lacking}; accept it with `insecure = true`")]
    Exposed {
        /// Where it should have listened.
        address: SocketAddr,
        /// The table of the configuration that says so.
        table: &'static str,
        /// What is missing, and what to do.
        lacking: &'static str,
    },
    /// A certificate, key or token cannot be used.
    #[error("[{table}] {}: {error}", error.key)]
    File {
        /// The table of the configuration that names the file.
        table: &'static str,
        /// Which file, and what is wrong with it.
        error: FileError,
    },
    /// The operating system says no.
    #[error("cannot listen on {address} ([{table}] listen): {cause}")]
    Io {
        /// Where it should have listened.
        address: SocketAddr,
        /// The table of the configuration that says so.
        table: &'static str,
        /// What the operating system said.
        #[source]
        cause: io::Error,
    },
}

impl BindError {
    /// The key of the configuration that is to blame: `receivers.otlp_http.listen`.
    pub fn path(&self) -> String {
        match self {
            Self::InUse { table, .. }
            | Self::NotLoopback { table, .. }
            | Self::Exposed { table, .. }
            | Self::Io { table, .. } => format!("{table}.listen"),
            Self::File { table, error } => format!("{table}.{}", error.key),
        }
    }

    /// Whether the configuration is wrong or its files are, and not the machine.
    pub fn is_of_configuration(&self) -> bool {
        matches!(self, Self::NotLoopback { .. } | Self::Exposed { .. } | Self::File { .. })
    }
}

/// Binds a TCP port, and says which if `address` left it open; `table` is where the configuration names it.
///
/// # Errors
/// [`BindError`] with the address and what to do.
pub(crate) async fn bind(address: SocketAddr, table: &'static str) -> Result<(TcpListener, SocketAddr), BindError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let local_addr = listener.local_addr()?;
        Ok((listener, local_addr))
    };
    bound.await.map_err(|cause: io::Error| match cause.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address, table },
        _ => BindError::Io { address, table, cause },
    })
}
