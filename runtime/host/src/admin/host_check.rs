//! Whether a request was meant for this machine's own loopback address.

use std::net::IpAddr;

use http::{Request, header, uri::Authority};

/// Whether every name the request gives for its target (`Host`, the authority of its URI) is a loopback one and names
/// `port`, if it names any. A request without a name is not.
pub(super) fn is_for_loopback<B>(request: &Request<B>, port: u16) -> bool {
    let hosts = request.headers().get_all(header::HOST);
    let named = hosts.iter().map(|value| Authority::try_from(value.as_bytes()).ok());
    let mut authorities = named.chain(request.uri().authority().map(|authority| Some(authority.clone()))).peekable();
    authorities.peek().is_some()
        && authorities.all(|authority| authority.is_some_and(|authority| is_loopback(&authority, port)))
}

fn is_loopback(authority: &Authority, port: u16) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let is_local = host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback());
    // A port that is written but cannot be read does not match either.
    let text = authority.as_str();
    let is_port = match authority.port_u16() {
        Some(named) => named == port,
        None => text.ends_with(host),
    };
    is_local && is_port && !text.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(host: &str) -> bool {
        is_for_loopback(&Request::get("/status").header(header::HOST, host).body(()).unwrap(), 8080)
    }

    #[test]
    fn loopback_names_and_addresses_are_accepted() {
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080", "[::1]"] {
            assert!(accepts(host), "{host}");
        }
    }

    #[test]
    fn foreign_names_ports_and_missing_names_are_refused() {
        let foreign =
            ["example.com:8080", "localhost.example.com", "10.0.0.1", "localhost:1", "user@localhost:8080", ""];
        for host in foreign {
            assert!(!accepts(host), "{host}");
        }
        assert!(!is_for_loopback(&Request::get("/").body(()).unwrap(), 8080));
        let absolute = Request::get("http://example.com/").header(header::HOST, "localhost:8080").body(()).unwrap();
        assert!(!is_for_loopback(&absolute, 8080));
    }
}
