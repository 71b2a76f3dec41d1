//! `spangate new`: a small project to start an exporter from.
//!
//! `name` says which names there can be, `template` holds the files of each language, `sdk` says where the SDK comes from,
//! `folder` writes everything or nothing.

mod command;
mod folder;
mod name;
mod sdk;
mod template;

pub(crate) use command::new;
