//! What OpenTelemetry prescribes for formats that have no place for all of a span ("Mapping to non-OTLP protocols" and
//! the exporter pages of the specification).

use std::net::IpAddr;

use crate::{SpanView, StatusCode, ValueView};

/// Attributes that name the other end of a call, best first, each with the one that says its port.
const PEERS: [(&str, &str); 9] = [
    ("peer.service", ""),
    ("server.address", "server.port"),
    ("net.peer.name", "net.peer.port"),
    ("network.peer.address", "network.peer.port"),
    ("net.sock.peer.name", "net.sock.peer.port"),
    ("net.sock.peer.addr", "net.sock.peer.port"),
    ("peer.hostname", ""),
    ("peer.address", ""),
    ("db.name", ""),
];

/// The other end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer<'a> {
    /// Of a service, a host or a database; or an address.
    pub name: &'a str,
    /// The same, if it is an address.
    pub address: Option<IpAddr>,
    /// Where it listens.
    pub port: Option<u16>,
}

impl<'a> SpanView<'a> {
    /// The other end of a call, as the best of the attributes that may name it says.
    pub fn peer(&self) -> Option<Peer<'a>> {
        let ranked = self.attributes().iter().filter_map(|(key, value)| {
            // Most keys begin otherwise: nine comparisons are saved.
            let may_be = matches!(key.as_bytes().first(), Some(b'p' | b's' | b'n' | b'd'));
            let rank = PEERS.iter().position(|(peer, _)| may_be && *peer == key)?;
            Some((rank, value.as_str().filter(|name| !name.is_empty())?))
        });
        let (rank, name) = ranked.min_by_key(|(rank, _)| *rank)?;
        let port = self.attribute(PEERS[rank].1).and_then(ValueView::as_int);
        Some(Peer {
            name,
            address: name.parse().ok(),
            port: port.and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0),
        })
    }

    /// Tags for what a format has no fields for: status code, scope, and counts of what was dropped. The status's
    /// message is not among them: formats differ in where they want it.
    pub fn mapped_tags(&self) -> impl Iterator<Item = (&'static str, ValueView<'a>)> + use<'a> {
        let scope = self.scope();
        let text = |text: &'a str| (!text.is_empty()).then_some(ValueView::String(text));
        let count = |count: u32| (count > 0).then_some(ValueView::Int(count.into()));
        let status = match self.status_code() {
            StatusCode::Ok => "OK",
            StatusCode::Error => "ERROR",
            _ => "",
        };
        [
            ("otel.status_code", text(status)),
            ("otel.scope.name", text(scope.name())),
            ("otel.scope.version", text(scope.version())),
            ("otel.dropped_attributes_count", count(self.dropped_attributes())),
            ("otel.dropped_events_count", count(self.dropped_events())),
            ("otel.dropped_links_count", count(self.dropped_links())),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{BatchBuilder, Span, every_span_shape};

    fn peer(attributes: &[(&str, crate::testing::Value)]) -> Option<(String, bool, Option<u16>)> {
        let mut span = Span::new("call", 1);
        span.attributes = attributes.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
        let batch = BatchBuilder::new().resource(&[]).span(span).build();
        let peer = batch.spans().next().unwrap().peer()?;
        Some((peer.name.to_owned(), peer.address.is_some(), peer.port))
    }

    #[test]
    fn the_other_end_is_named_by_the_best_attribute() {
        let named = [("server.address", "db.local".into()), ("server.port", 1.into()), ("peer.service", "db".into())];
        assert_eq!(peer(&named), Some(("db".to_owned(), false, None)));
        assert_eq!(peer(&named[..2]), Some(("db.local".to_owned(), false, Some(1))));
        let v6 = [("network.peer.port", 70_000.into()), ("network.peer.address", "::1".into())];
        assert_eq!(peer(&v6), Some(("::1".to_owned(), true, None)));
        assert_eq!(peer(&[("db.name", "".into())]), None);
        assert_eq!(peer(&[("peer.service", 7.into())]), None);
    }

    #[test]
    fn tags_stand_for_what_a_format_has_no_fields_for() {
        let batch = every_span_shape();
        let tags = |row: usize| -> Vec<String> {
            let span = batch.spans().nth(row).unwrap();
            span.mapped_tags().map(|(key, value)| format!("{key}={value}")).collect()
        };
        let all = [
            "otel.status_code=ERROR",
            "otel.scope.name=shop.http",
            "otel.scope.version=1.2",
            "otel.dropped_attributes_count=1",
            "otel.dropped_events_count=2",
            "otel.dropped_links_count=3",
        ];
        assert_eq!(tags(0), all);
        assert!(tags(3).is_empty());
    }
}
