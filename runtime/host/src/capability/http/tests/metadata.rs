//! What came with a batch, on requests.

use spangate_core::{
    batch::{Batch, BatchId},
    columns::ColumnsBuilder,
    signal::Signal,
};

use super::{server::*, *};

/// A batch that came with this under `x-tenant`; none if nothing did.
fn batch(tenant: Option<&str>) -> Arc<Batch> {
    let mut columns = ColumnsBuilder::default();
    let name = columns.push_text("a");
    columns.spans.name.extend_from_slice(&name);
    columns.spans.kind.push(1);
    columns.spans.scope.push(0);
    let metadata: Vec<_> = tenant.map(|tenant| ("x-tenant".to_owned(), tenant.to_owned())).into_iter().collect();
    Arc::new(Batch::recorded(BatchId([7; 16]), Signal::Spans, columns.freeze(), metadata.into()))
}

async fn tenant_of(server: &Raw, ctx: &mut HttpCtx) -> Option<String> {
    let mut request = post(server.url("/"), b"x");
    request.headers = vec![("X-Scope-OrgID".into(), "forged".into()), ("x-scope-orgid".into(), "again".into())];
    ctx.send(request).await.unwrap();
    let received = server.received().pop().unwrap();
    let mut values = received.lines().filter_map(|line| line.strip_prefix("x-scope-orgid: "));
    let value = values.next().map(str::to_owned);
    assert_eq!(values.next(), None, "{received}");
    value
}

#[tokio::test]
async fn a_request_carries_its_batchs_value_or_none_and_never_the_guests() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| {
        grant.metadata_headers.insert("x-scope-orgid".into(), "x-tenant".into());
    }));
    for (batch, expected) in [
        (Some(batch(Some("a"))), Some("a")),
        (Some(batch(Some("zürich"))), Some("zürich")),
        (Some(batch(None)), None),
        (None, None),
    ] {
        ctx.lend(batch);
        assert_eq!(tenant_of(&server, &mut ctx).await.as_deref(), expected);
    }
}

#[tokio::test]
async fn a_value_that_would_break_out_of_its_header_is_not_sent() {
    let server = Raw::answering("", "").await;
    let mut ctx = instance(grant(&[&server.url("")], |grant| {
        grant.metadata_headers.insert("x-scope-orgid".into(), "x-tenant".into());
    }));
    for value in ["a\r\nauthorization: admin", "a\n", "a\0"] {
        ctx.lend(Some(batch(Some(value))));
        match ctx.send(post(server.url("/"), b"x")).await {
            Err(HttpError::InvalidRequest(why)) => assert!(why.contains("`x-tenant`"), "{why}"),
            other => panic!("{value:?}: {other:?}"),
        }
    }
    assert_eq!(server.connections(), 0);
}
