//! `[receivers.NAME.tls]`

use super::{
    super::{
        model::{ReceiverAuth, ReceiverTls},
        reader::Table,
        shapes::{duration, existing_file},
    },
    auth::RELOAD_INTERVALS,
};

/// Reads which certificate is shown, and whose are asked for. None if a file is missing, which is reported.
pub(super) fn tls(table: &mut Table<'_>) -> Option<ReceiverTls> {
    const CERT: &str = "name a file in PEM: the certificate, then those that lead from it to an authority";
    let cert_file = table.required("cert_file", CERT, existing_file);
    let key_file = table.required("key_file", "name a file in PEM: the key of the certificate", existing_file);
    let client_ca_file = table.optional("client_ca_file", existing_file);
    let reload_interval = table.or("reload_interval", ReceiverAuth::RELOAD_INTERVAL, duration(RELOAD_INTERVALS));
    Some(ReceiverTls { client_ca_file, reload_interval, ..ReceiverTls::new(cert_file?, key_file?) })
}
