//! One request, one response. The host pools connections, follows no redirect and reaches only what the operator
//! allowed; it also puts on the headers that carry credentials.

mod classify;
mod request;
mod response;
mod retry_after;

pub use request::{Body, Request, get, post, put};
pub use response::{Error, Response};
pub(crate) use retry_after::delay as retry_delay;
