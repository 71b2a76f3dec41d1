//! Files that change while an exporter runs.

use std::path::Path;

use super::{
    certificates::{client_cert, files, self_signed, serve},
    server::*,
    *,
};
use crate::telemetry::{Log, SparingLog, Sparingly, test_sink::Lines};

/// An instance that looks at its files before every request, and what is said about it.
fn watching(allow: &str, edit: impl FnOnce(&mut config::HttpGrant)) -> (HttpCtx, Arc<Lines>) {
    let lines = Arc::new(Lines::default());
    let grant = grant(&[allow], |grant| {
        grant.reload_interval = Duration::ZERO;
        edit(grant);
    });
    let log = Arc::new(SparingLog::new("x", Sparingly::ON_EXPORTER, Log::new(lines.clone())));
    (instance_of(HttpClient::new(grant, 1, Handle::current(), log)), lines)
}

async fn authorization(server: &Raw, ctx: &mut HttpCtx) -> String {
    let mut request = post(server.url("/"), b"x");
    request.headers = vec![("Authorization".into(), "Bearer of-the-guest".into())];
    ctx.send(request).await.unwrap();
    let received = server.received().pop().unwrap();
    let mut values = received.lines().filter_map(|line| line.strip_prefix("authorization: "));
    let value = values.next().unwrap_or_default().to_owned();
    assert_eq!(values.next(), None, "{received}");
    value
}

#[tokio::test]
async fn a_token_goes_out_as_its_file_has_it_now_and_what_is_no_token_changes_nothing() {
    let server = Raw::answering("x-echo: token-two\r\n", "no token-two here").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |text: &str| std::fs::write(file.path(), text).unwrap();
    write("token-of-the-start\n");
    let (mut ctx, lines) = watching(&server.url(""), |grant| grant.bearer_token_file = Some(file.path().into()));
    assert_eq!(authorization(&server, &mut ctx).await, "Bearer token-of-the-start");
    write("token-two");
    assert_eq!(authorization(&server, &mut ctx).await, "Bearer token-two");
    let response = ctx.send(post(server.url("/"), b"x")).await.unwrap();
    assert_eq!(response.body, b"no ********* here");
    for wrong in ["", " \n", "two words", "two\nlines"] {
        write(wrong);
        assert_eq!(authorization(&server, &mut ctx).await, "Bearer token-two", "{wrong:?}");
    }
    write("token-of-the-end");
    assert_eq!(authorization(&server, &mut ctx).await, "Bearer token-of-the-end");
    let lines = lines.messages();
    assert_eq!(lines[0], "the files of grants.http have changed and are used");
    let expected = format!("grants.http: bearer_token_file: {}: no token in it;", file.path().display());
    assert!(lines[1].starts_with(&expected), "{}", lines[1]);
    assert!(!lines.iter().any(|line| line.contains("two words")), "{lines:?}");
}

#[test]
fn a_token_that_is_none_is_refused_when_the_exporter_is_loaded() {
    let config = config::HttpGrant { bearer_token_file: Some("/nowhere/token".into()), ..Default::default() };
    let error = HttpGrant::new(&config).unwrap_err().remove(0).to_string();
    assert!(error.starts_with("bearer_token_file: /nowhere/token: No such file"), "{error}");
}

#[tokio::test]
async fn a_certificate_that_was_renewed_is_shown_without_a_restart() {
    let (server, first, renewed) = (self_signed("localhost"), self_signed("first"), self_signed("renewed"));
    let (server_files, client_files) = (files(&server), files(&first));
    let server = serve(&server, Some(&renewed.cert)).await;
    let entry = format!("https://localhost:{}", server.address.port());
    let (mut ctx, _) = watching(&entry, |grant| {
        grant.ca_file = Some(server_files.path().join("cert.pem"));
        grant.client_cert = client_cert(client_files.path(), client_files.path());
    });
    assert!(ctx.send(post(&entry, b"x")).await.is_err());
    replace(client_files.path(), files(&renewed).path());
    assert_eq!(ctx.send(post(&entry, b"x")).await.unwrap().body, b"x");
}

/// As programs that renew certificates do it: written beside, then moved.
fn replace(folder: &Path, by: &Path) {
    for name in ["cert.pem", "key.pem"] {
        std::fs::copy(by.join(name), folder.join("new")).unwrap();
        std::fs::rename(folder.join("new"), folder.join(name)).unwrap();
    }
}
