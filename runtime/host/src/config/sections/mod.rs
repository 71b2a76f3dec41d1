//! One file per part of the configuration: which keys it has, what each may be, and what must agree with what.

mod auth;
mod cors;
mod exporter;
mod free;
mod grants;
mod header_name;
mod headers;
mod receivers;
mod root;
mod sampler;
mod select;
mod tls;

pub(super) use root::config;
