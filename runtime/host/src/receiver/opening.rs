//! What comes before HTTP: a look at the first byte, and the TLS handshake.
//!
//! Constraints: nothing here has a deadline of its own, since the connection's is running; nothing is read that HTTP would
//! miss; whoever speaks TLS to a plain port or plain HTTP to a TLS port is told so, and so is the operator.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use super::security::TlsSource;

/// First byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// How long somebody who speaks plain HTTP to a TLS port may take to read why that is wrong.
const PARTING: Duration = Duration::from_secs(1);
const USE_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 47\r\n\r\n\
    this port speaks TLS: use https:// to reach it\n";

/// What HTTP is spoken over.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Why a connection did not come to speak HTTP.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unopened {
    /// It went away without a word, as the probes of load balancers do.
    #[error("closed without a word")]
    Silent,
    #[error("speaks TLS, but this port is plain: use http:// there, or configure `tls` here")]
    TlsToPlain,
    #[error("speaks without TLS, but this port needs it: use https:// there")]
    PlainToTls,
    #[error("TLS handshake failed: {0}")]
    Handshake(io::Error),
}

/// Brings a connection to where HTTP begins.
///
/// # Errors
/// [`Unopened`] if it does not get there.
pub(super) async fn open(mut stream: TcpStream, tls: Option<&TlsSource>) -> Result<Box<dyn Transport>, Unopened> {
    let mut first = [0];
    match (stream.peek(&mut first).await, tls) {
        (Ok(0) | Err(_), _) => Err(Unopened::Silent),
        (Ok(_), None) if first == [HANDSHAKE] => Err(Unopened::TlsToPlain),
        (Ok(_), None) => Ok(Box::new(stream)),
        (Ok(_), Some(_)) if first != [HANDSHAKE] => {
            // Whether it is read is up to the other side.
            let _ = timeout(PARTING, part(&mut stream)).await;
            Err(Unopened::PlainToTls)
        }
        (Ok(_), Some(tls)) => match TlsAcceptor::from(tls.server_config()).accept(stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(Unopened::Handshake(error)),
        },
    }
}

/// Says what is wrong, and reads what is still coming, so that the connection is not reset before that is read.
async fn part(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(USE_TLS).await?;
    stream.shutdown().await?;
    let mut piece = [0; 4096];
    for _ in 0..16 {
        if stream.read(&mut piece).await? == 0 {
            break;
        }
    }
    Ok(())
}
