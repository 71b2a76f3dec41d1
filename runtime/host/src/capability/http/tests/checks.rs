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
async fn headers_and_urls_are_sent_up_to_their_limit_and_not_with_one_byte_more() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance_for(server.address);
    // A header's name, value and 32 bytes beside.
    let value = (64 << 10) - "x-long".len() - 32;
    let path = (8 << 10) - server.url("/").len();
    for (value, path, is_sent) in
        [(value - 1, path - 1, true), (value, path, true), (value + 1, 0, false), (0, path + 1, false)]
    {
        let mut request = post(server.url(&format!("/{}", "p".repeat(path))), b"");
        request.headers.push(("x-long".into(), "v".repeat(value)));
        let answer = ctx.send(request).await;
        assert_eq!(answer.is_ok(), is_sent, "{value} {path}: {answer:?}");
        assert!(is_sent || answer.is_err_and(|error| is_invalid(&error)));
    }
    assert_eq!(server.received().len(), 2);
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

#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (told, refusals) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut config = config::HttpGrant { ca_file: Some(pipe.clone()), ..Default::default() };
        config.client_cert = Some(config::ClientCert { cert_file: pipe.clone(), key_file: pipe.clone() });
        config.bearer_token_file = Some(pipe);
        let errors = HttpGrant::new(&config).unwrap_err();
        told.send(errors.iter().map(ToString::to_string).collect::<Vec<_>>())
    });
    let errors = refusals.recv_timeout(Duration::from_secs(60)).expect("it waits for somebody to write into the pipe");
    assert_eq!(errors.len(), 4);
    assert!(errors.iter().all(|error| error.ends_with("pipe: it is not a file")), "{errors:?}");
}

#[test]
fn a_token_is_read_up_to_its_limit() {
    let refused = |length: usize| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, "t".repeat(length).as_bytes()).unwrap();
        let config = config::HttpGrant { bearer_token_file: Some(file.path().into()), ..Default::default() };
        HttpGrant::new(&config).err().map(|errors| errors[0].to_string())
    };
    assert_eq!((refused((16 << 10) - 1), refused(16 << 10)), (None, None));
    assert!(refused((16 << 10) + 1).is_some_and(|error| error.ends_with("it is longer than 16384 bytes")));
}
