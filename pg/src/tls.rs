//! TLS by rustls: a server is trusted when its certificate leads back to a known root and, but for
//! `verify-ca`, names the host that was asked for.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Error;
use crate::conninfo::Roots;

/// What is compared with the certificate beside its signatures and dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostName {
    /// `verify-full`.
    Compared,
    /// `verify-ca`.
    Ignored,
}

/// Makes the connector. Reads the root certificates.
pub(crate) fn connector(roots: &Roots, name: HostName) -> Result<MakeRustlsConnect, Error> {
    let (store, place) = match roots {
        Roots::File(file) => (from_file(file)?, file.display().to_string()),
        Roots::System => (from_system()?, "the system's bundle".to_owned()),
    };
    let store = Arc::new(store);
    // Chosen here, not taken from the process: another library may have installed none, or two.
    let provider = Arc::new(ring::default_provider());
    let unusable = |error: &dyn std::fmt::Display| Error::RootCerts {
        place: place.clone(),
        problem: error.to_string(),
    };
    let full =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&store), Arc::clone(&provider))
            .build()
            .map_err(|error| unusable(&error))?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let config = match name {
        HostName::Compared => builder.with_webpki_verifier(full),
        HostName::Ignored => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyName { full, store, provider })),
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn from_file(file: &Path) -> Result<RootCertStore, Error> {
    let unusable =
        |problem: String| Error::RootCerts { place: file.display().to_string(), problem };
    let pem = fs_err::read(file).map_err(|error| unusable(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate =
            certificate.map_err(|error| unusable(format!("no valid PEM: {error}")))?;
        store.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if store.is_empty() {
        return Err(unusable("holds no certificate in PEM form".to_owned()));
    }
    Ok(store)
}

fn from_system() -> Result<RootCertStore, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    // A bundle of a hundred with one that rustls cannot read is still a bundle.
    let (added, _ignored) = store.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(store);
    }
    let reason = found.errors.first().map_or(String::new(), |error| format!(" ({error})"));
    Err(Error::RootCerts {
        place: "the system's bundle".to_owned(),
        problem: format!(
            "none found{reason}: install the package ca-certificates, set SSL_CERT_FILE, \
             or name the server's CA by sslrootcert"
        ),
    })
}

/// Verifies all but the host's name.
#[derive(Debug)]
struct AnyName {
    full: Arc<WebPkiServerVerifier>,
    store: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(end_entity)?,
            &self.store,
            intermediates,
            now,
            self.provider.signature_verification_algorithms.all,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.full.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.full.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.full.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        let problem = || connector(&Roots::File(file.clone()), HostName::Compared).err().unwrap();
        let missing = problem().to_string();
        assert!(missing.contains("ca.pem") && missing.contains("No such file"), "{missing}");
        fs_err::write(&file, "nothing").unwrap();
        assert!(problem().to_string().ends_with("holds no certificate in PEM form"));
        fs_err::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            .unwrap();
        assert!(problem().to_string().contains("ca.pem"));
    }
}
