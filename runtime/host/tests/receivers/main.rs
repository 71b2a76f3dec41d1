//! Receivers over real sockets, with a consumer that only remembers. Names of rows (I01 to I30) are those of the list of
//! bad inputs that every receiver must survive.

mod admin;
mod authentication;
mod budget;
mod client;
mod connections;
mod cors;
mod crowding;
mod fake;
mod frames;
mod grpc;
mod headers;
mod http;
mod json;
mod pki;
mod reloading;
mod samples;
mod tls;
mod zstd;
