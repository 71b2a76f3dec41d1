//! Tells a service manager how far the process is: the datagrams of sd_notify(3), if somebody asked for them.

use std::{
    ffi::OsStr,
    io,
    os::unix::net::{SocketAddr, UnixDatagram},
};

/// How far the process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The ports are open and the exporters are loaded.
    Ready,
    /// The queues are being emptied.
    Stopping,
}

impl Notice {
    fn text(self) -> &'static str {
        match self {
            Self::Ready => "READY=1",
            Self::Stopping => "STOPPING=1",
        }
    }
}

/// Tells whoever is named by NOTIFY_SOCKET. A manager that does not listen is no reason to stop.
pub(crate) fn send(notice: Notice) {
    if let Some(name) = std::env::var_os("NOTIFY_SOCKET") {
        let _ = send_to(&name, notice);
    }
}

fn send_to(name: &OsStr, notice: Notice) -> io::Result<()> {
    let address = address(name)?;
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(notice.text().as_bytes(), &address).map(drop)
}

/// A name that begins with `@` is in the abstract namespace.
#[cfg(target_os = "linux")]
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    use std::os::{linux::net::SocketAddrExt, unix::ffi::OsStrExt};
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(target_os = "linux"))]
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn a_notice_reaches_a_socket_in_the_file_system() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        send_to(path.as_os_str(), Notice::Ready).unwrap();
        assert_eq!(received(&socket), "READY=1");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_notice_reaches_a_socket_without_a_file() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("spangate-test-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        send_to(format!("@{name}").as_ref(), Notice::Stopping).unwrap();
        assert_eq!(received(&socket), "STOPPING=1");
    }

    #[test]
    fn nobody_at_the_other_end_is_an_error_that_comes_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(send_to(folder.path().join("nobody").as_os_str(), Notice::Ready).is_err());
    }
}
