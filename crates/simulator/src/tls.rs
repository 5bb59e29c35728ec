//! A certificate of one's own making, for as long as the process runs.

use std::net::IpAddr;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// TLS for the simulator, with HTTP/2 and HTTP/1.1 to choose from.
#[derive(Clone)]
pub struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    certificate: String,
}

impl Tls {
    /// A new certificate for `localhost`, the loopback addresses and `address`.
    pub fn self_made(address: IpAddr) -> Result<Self, String> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned(), address.to_string()];
        let made = rcgen::generate_simple_self_signed(names).map_err(|error| format!("no certificate could be made: {error}"))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .map_err(|error| format!("the certificate cannot be used: {error}"))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate: made.cert.pem() })
    }

    /// The certificate as PEM, for callers that are to trust it.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }
}
