//! What is refused before anything is sent, and what a grant may say.

use super::{server::Raw, *};

async fn refusal_of(edit: impl FnOnce(&mut Request)) -> HttpError {
    let server = Raw::answering("", "").await;
    let mut request = post(server.url("/"), b"x");
    edit(&mut request);
    let error = instance_for(server.address).send(request).await.unwrap_err();
    assert_eq!(server.connections(), 0);
    error
}

fn is_invalid(error: &HttpError) -> bool {
    matches!(error, HttpError::InvalidRequest(_))
}

#[tokio::test]
async fn a_guest_cannot_set_what_belongs_to_the_connection() {
    for name in [
        "Host",
        "content-length",
        "Transfer-Encoding",
        "connection",
        "Keep-Alive",
        "upgrade",
        "expect",
        "Proxy-Authorization",
        "proxy-connection",
        "http2-settings",
        "trailer",
        "te",
    ] {
        let error = refusal_of(|request| request.headers.push((name.into(), "1".into()))).await;
        assert!(is_invalid(&error), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_header_cannot_smuggle_a_line() {
    for (name, value) in [
        ("x-a", "1\r\nhost: evil.example"),
        ("x-a", "1\n"),
        ("x-a", "1\0"),
        ("x-a\r\nhost", "evil.example"),
        ("x a", "1"),
        (":path", "/admin"),
        ("", "1"),
        ("x-ä", "1"),
    ] {
        let error = refusal_of(|request| request.headers.push((name.into(), value.into()))).await;
        assert!(is_invalid(&error), "{name:?}: {error}");
    }
}

#[tokio::test]
async fn a_method_is_a_token_and_opens_no_tunnel() {
    for method in ["", "GET /", "GET\r\n", "CONNECT", "TRACE", "PRI", "X".repeat(33).as_str()] {
        let error = refusal_of(|request| request.method = method.into()).await;
        assert!(is_invalid(&error), "{method:?}: {error}");
    }
}

#[tokio::test]
async fn a_url_with_userinfo_or_line_breaks_is_invalid() {
    for (from, to) in [("//", "//user@"), ("/", "/\r\nx: y "), ("//", "//evil.example@")] {
        let error = refusal_of(|request| request.url = request.url.replacen(from, to, 1)).await;
        assert!(is_invalid(&error), "{to:?}: {error}");
    }
}

#[tokio::test]
async fn headers_and_urls_have_a_size() {
    let big = "v".repeat(1 << 10);
    let error = refusal_of(|request| {
        request.headers = (0..64).map(|n| (format!("x-{n}"), big.clone())).collect();
    })
    .await;
    assert!(is_invalid(&error), "{error}");
    let many = refusal_of(|request| request.headers = vec![("x".into(), String::new()); 100_000]).await;
    assert!(is_invalid(&many), "{many}");
    let error = refusal_of(|request| request.url.push_str(&"p".repeat(8 << 10))).await;
    assert!(is_invalid(&error), "{error}");
}

#[tokio::test]
async fn te_may_ask_for_trailers_as_grpc_does() {
    let server = Raw::answering("", "").await;
    let mut request = post(server.url("/"), b"x");
    request.headers.push(("te".into(), "trailers".into()));
    assert_eq!(instance_for(server.address).send(request).await.unwrap().status, 200);
}

#[test]
fn a_grant_says_everything_that_is_wrong_with_it() {
    let mut config = config::HttpGrant { allow: vec!["http://169.254.169.254".parse().unwrap()], ..Default::default() };
    for (name, value) in [("host", "evil.example"), ("x y", "1"), ("x-key", "secret\nvalue")] {
        config.headers.insert(name.into(), config::Secret::new(value.into()));
    }
    config.ca_file = Some("/nonexistent/ca.pem".into());
    let errors: Vec<String> = HttpGrant::new(&config).unwrap_err().iter().map(ToString::to_string).collect();
    let starts = ["allow: `169.254.169.254`", "headers: `host`", "headers: `x y`", "headers: the value", "ca_file: /"];
    assert_eq!(errors.len(), 5, "{errors:?}");
    for start in starts {
        assert!(errors.iter().any(|error| error.starts_with(start)), "{start} is missing in {errors:?}");
    }
    assert!(!errors.concat().contains("secret"));
}

#[test]
fn a_ca_file_without_certificates_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut config =
        config::HttpGrant { allow: vec!["https://collector.example".parse().unwrap()], ..Default::default() };
    config.ca_file = Some(file.path().into());
    assert!(matches!(HttpGrant::new(&config).unwrap_err().as_slice(), [HttpGrantError::File { key: "ca_file", .. }]));
}
