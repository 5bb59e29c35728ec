//! Whom we trust: the certificate authorities of the system, or those built in where the system has none (see docs/adr/0040).

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

use crate::client::BuildFault;

/// TLS 1.2 and 1.3 by ring; `http2` decides whether h2 is offered.
pub(crate) fn config(http2: bool, extra_ca: Option<&Path>) -> Result<ClientConfig, BuildFault> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|fault| BuildFault::Tls(fault.to_string()))?
        .with_root_certificates(roots(extra_ca)?)
        .with_no_client_auth();
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(config)
}

fn roots(extra_ca: Option<&Path>) -> Result<RootCertStore, BuildFault> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        tracing::info!(faults = found.errors.len(), ignored, "the system has no certificate authorities: using those built in");
    }
    if let Some(path) = extra_ca {
        for certificate in read_bundle(path)? {
            roots.add(certificate).map_err(|fault| bad_bundle(path, &fault))?;
        }
    }
    Ok(roots)
}

fn read_bundle(path: &Path) -> Result<Vec<CertificateDer<'static>>, BuildFault> {
    let certificates =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|fault| bad_bundle(path, &fault))?;
    match certificates.is_empty() {
        true => Err(bad_bundle(path, &"it holds no certificate")),
        false => Ok(certificates),
    }
}

fn bad_bundle(path: &Path, fault: &dyn std::fmt::Display) -> BuildFault {
    BuildFault::Bundle { path: path.to_owned(), fault: fault.to_string() }
}
