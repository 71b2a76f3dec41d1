//! What most configurations of end-to-end tests begin with.

use crate::free_port;

/// Where OTLP over HTTP is taken and the admin endpoints listen.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Of `[receivers.otlp_http]`.
    pub http: u16,
    /// Of `[admin]`.
    pub admin: u16,
}

impl Ports {
    /// Two that nobody listens on.
    pub fn free() -> Self {
        Self { http: free_port(), admin: free_port() }
    }

    /// The two tables, to begin a configuration with.
    pub fn tables(self) -> String {
        let Self { http, admin } = self;
        format!(
            r#"
            [receivers.otlp_http]
            listen = "127.0.0.1:{http}"
            [admin]
            listen = "127.0.0.1:{admin}"
            "#
        )
    }

    /// Where spans are sent to.
    pub fn traces(self) -> String {
        format!("http://127.0.0.1:{}/v1/traces", self.http)
    }
}

/// The table of an exporter that runs `component`, `builtin:otlp` say, and sends to `url`.
pub fn exporter_to(url: &str, name: &str, component: &str) -> String {
    format!(
        r#"
        [exporters.{name}]
        component = "{component}"
        grants.http.allow = ["{url}"]
        settings.endpoint = "{url}"
        "#
    )
}
