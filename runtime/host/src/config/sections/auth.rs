//! `[receivers.NAME.auth]`

use std::{ops::RangeInclusive, time::Duration};

use super::super::{
    bearer_token::BearerToken,
    model::ReceiverAuth,
    reader::{Node, Table},
    shapes::{duration, existing_file, list, string},
    source::Complaint,
};

/// How often a file may be looked at.
pub(super) const RELOAD_INTERVALS: RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_secs(86_400);

const HELP: &str = "write `bearer_token_file = \"tokens\"`, or `bearer_tokens = [\"${env:TOKEN}\"]`";

/// Reads who may send.
pub(super) fn auth(table: &mut Table<'_>) -> ReceiverAuth {
    let auth = ReceiverAuth {
        bearer_tokens: table.or("bearer_tokens", Vec::new(), list("tokens", 64, token)),
        bearer_token_file: table.optional("bearer_token_file", existing_file),
        reload_interval: table.or("reload_interval", ReceiverAuth::RELOAD_INTERVAL, duration(RELOAD_INTERVALS)),
    };
    let is_empty = |node: Node<'_>| matches!(node.value, toml::de::DeValue::Array(values) if values.is_empty());
    if table.node("bearer_token_file").is_none() && table.node("bearer_tokens").is_none_or(is_empty) {
        table.refuse(Complaint::new("there is no token: nobody could send").help(HELP));
    }
    auth
}

fn token(node: &Node<'_>) -> Option<BearerToken> {
    let text = string(node)?;
    BearerToken::parse(&text)
        .map_err(|message| node.refuse(Complaint::new(message).help("`openssl rand -hex 32` makes a good one")))
        .ok()
}
