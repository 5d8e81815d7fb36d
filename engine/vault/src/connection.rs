//! Why there was no answer: told without the URL's query or a body, and whether another attempt may help.

use crate::failure::Failure;
use std::error::Error;
use std::io;

/// What became of a connection to this address.
pub(crate) fn failure(address: &str, error: &reqwest::Error) -> Failure {
    if let Some(tls) = tls_error(error) {
        return untrusted(address, tls);
    }
    let (what, help) = if error.is_connect() {
        ("cannot be reached", "is it running, and can it be reached from here?")
    } else if error.is_body() || error.is_decode() {
        ("broke off in its answer", "is something in between that cuts answers short?")
    } else {
        ("broke off before it answered", "is it running, and does VAULT_ADDR have the right scheme and port?")
    };
    Failure::unavailable(format!("{address} {what}: {}", deepest(error))).help(help)
}

/// Trust does not come back by trying again.
fn untrusted(address: &str, error: &rustls::Error) -> Failure {
    use rustls::CertificateError;
    let (message, help) = match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => (
            format!("the certificate of {address} is from an authority that is not trusted here"),
            "set VAULT_CACERT to the file with its CA certificate",
        ),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => (
            format!("the certificate of {address} is for another name"),
            "set VAULT_ADDR to a name that the certificate has",
        ),
        rustls::Error::InvalidCertificate(why) => (
            format!("the certificate of {address} is not valid: {why}"),
            "the server needs another certificate, or VAULT_CACERT has to name its CA",
        ),
        rustls::Error::AlertReceived(alert) => (
            format!("{address} refused the TLS connection: {alert:?}"),
            "does it want a client certificate (VAULT_CLIENT_CERT, VAULT_CLIENT_KEY)?",
        ),
        other => {
            (format!("there is no TLS with {address}: {other}"), "does VAULT_ADDR have the right scheme and port?")
        }
    };
    Failure::setup(message).help(help)
}

/// The error of the TLS library, wherever it lies in the chain of causes.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut at: Option<&'a (dyn Error + 'static)> = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        // An I/O error's source is its content's source: the content itself is asked for by another name.
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inside.and_then(|inside| tls_error(inside)) {
            return Some(found);
        }
        at = error.source();
    }
    None
}

/// The first cause: the others say the same in more general words, and the outermost has the whole URL.
fn deepest(error: &reqwest::Error) -> String {
    let mut at: &dyn Error = error;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
