//! `spangate demo`: the promise, to be seen without any set-up.

mod scene;
mod shop;
mod summary;

pub(crate) use scene::run;
