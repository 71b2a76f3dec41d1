use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use spangate::{
    admin::{AdminSource, BoundAdmin, start_admin},
    config,
    receiver::BindError,
    telemetry::Log,
};

use crate::{
    client::{Http1, Raw},
    fake::Lines,
};

#[derive(Default)]
struct Source {
    is_broken: AtomicBool,
}

impl AdminSource for Source {
    fn is_live(&self) -> bool {
        !self.is_broken.load(Ordering::Relaxed)
    }

    fn ready(&self) -> Result<(), Vec<String>> {
        match self.is_live() {
            true => Ok(()),
            false => Err(vec!["exporter billing is quarantined".to_owned(), "otlp_grpc is not bound".to_owned()]),
        }
    }

    fn metrics_text(&self) -> (String, String) {
        ("text/plain; version=0.0.4".to_owned(), "spans_total 3\n".to_owned())
    }

    fn status(&self) -> serde_json::Value {
        serde_json::json!({"exporters": {"billing": {"state": "healthy"}}})
    }
}

async fn start() -> (Arc<Source>, BoundAdmin) {
    let source = Arc::new(Source::default());
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let log = Log::new(Arc::new(Lines::default()));
    let admin = start_admin(config::Admin { listen }, source.clone(), log).await.unwrap();
    (source, admin)
}

#[tokio::test]
async fn every_page_is_served_with_its_type() {
    let (source, admin) = start().await;
    let mut client = Http1::connect(admin.local_addr()).await;
    let json = "{\n  \"exporters\": {\n    \"billing\": {\n      \"state\": \"healthy\"\n    }\n  }\n}\n";
    let pages = [
        ("/livez", "text/plain; charset=utf-8", "live\n"),
        ("/readyz", "text/plain; charset=utf-8", "ready\n"),
        ("/metrics", "text/plain; version=0.0.4", "spans_total 3\n"),
        ("/status", "application/json", json),
    ];
    let index = client.send("GET", "/", &[], "").await.text();
    for (path, content_type, text) in pages {
        let reply = client.send("GET", path, &[], "").await;
        assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, content_type), "{path}");
        assert_eq!(reply.text(), text);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(index.contains(path), "{index}");
        let head = client.send("HEAD", path, &[], "").await;
        assert_eq!((head.status, head.text().as_str()), (StatusCode::OK, ""));
    }
    source.is_broken.store(true, Ordering::Relaxed);
    let reply = client.send("GET", "/readyz", &[], "").await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.text(), "not ready\n- exporter billing is quarantined\n- otlp_grpc is not bound\n");
    assert_eq!(client.send("GET", "/livez", &[], "").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(client.send("GET", "/debug", &[], "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(admin.stop(Duration::from_secs(5)).await, 0);
}

#[tokio::test]
async fn only_reading_is_served() {
    let (_, admin) = start().await;
    let mut client = Http1::connect(admin.local_addr()).await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let reply = client.send(method, "/status", &[], "").await;
        assert_eq!((reply.status, reply.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"), "{method}");
    }
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let (_, admin) = start().await;
    for host in ["attacker.example", "localhost:1", "10.0.0.1"] {
        let mut raw = Raw::connect(admin.local_addr()).await;
        raw.write(format!("GET /status HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await;
        let answer = raw.read_to_end().await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("billing"), "{answer}");
    }
    let mut raw = Raw::connect(admin.local_addr()).await;
    raw.write(format!(
        "GET /status HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\n\r\n",
        admin.local_addr().port()
    ))
    .await;
    assert!(raw.read_to_end().await.contains("billing"));
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let log = Log::new(Arc::new(Lines::default()));
    let error = start_admin(config::Admin { listen }, Arc::new(Source::default()), log).await.unwrap_err();
    assert!(matches!(error, BindError::NotLoopback { .. }));
    assert!(error.to_string().contains("[admin] listen = \"0.0.0.0:0\""), "{error}");
}
