//! Who answers requests.

use std::{future::Future, sync::Arc};

use http::{Request, Response};
use hyper::body::Incoming;

use super::reply::ReplyBody;

/// Answers requests. Never fails: whatever goes wrong is an answer too.
pub(crate) trait Answer: Send + Sync + 'static {
    /// Answers one request. Dropped when the sender goes away.
    fn answer(self: Arc<Self>, request: Request<Incoming>) -> impl Future<Output = Response<ReplyBody>> + Send;
}
