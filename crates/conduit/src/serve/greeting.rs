//! What a person at the terminal needs to read: where Conduit is, and which keys it takes. Never through the logger.

use crate::failure::Failure;
use crate::output;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::path::Path;

/// Writes and flushes: what is not at the reader's when this returns is an error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    output::print(text).map_err(|error| Failure::failed(format!("standard output cannot be written: {error}")))
}

/// The only text of Conduit with secrets in it.
pub(super) fn first(address: SocketAddr, master_key: &SecretString, virtual_key: &SecretString, root_file: &Path) -> String {
    let (master, key) = (master_key.expose_secret(), virtual_key.expose_secret());
    let url = format!("http://{address}");
    let body = r#"{"model":"demo-chat","messages":[{"role":"user","content":"Hello"}]}"#;
    format!(
        "Conduit is running at {url}\n\
         \nThis is the first start. Both keys are shown only now:\n\
         \x20 master key   {master}   for administration; it never works for inference\n\
         \x20 virtual key  {key}   for applications\n\
         The root secret is in {}: keep a copy, the stored secrets cannot be read without it.\n\
         \nTry it:\n\
         \x20 curl {url}/v1/chat/completions -H 'authorization: Bearer {key}' -H 'content-type: application/json' -d '{body}'\n",
        root_file.display()
    )
}

/// Every start but the first: where the keys come from, and none of them.
pub(super) fn known(address: SocketAddr, in_file: usize, stored: usize) -> String {
    let of_file = format!("{in_file} from `keys` in the configuration file");
    let of_database = format!("{stored} from the database (the first start showed its key then, and never again)");
    let keys = match (in_file, stored) {
        (0, 0) => "none; write some under `keys` in a configuration file".to_owned(),
        (_, 0) => of_file,
        (0, _) => of_database,
        (_, _) => format!("{of_file}, {of_database}"),
    };
    format!("Conduit is running at http://{address}\nVirtual keys: {keys}\n")
}

#[cfg(test)]
mod tests;
