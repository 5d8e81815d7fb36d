//! Whom the client trusts, and as whom it connects: files of certificates, read once.

use crate::failure::Failure;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Identity, Url};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The variables about TLS.
#[derive(Default)]
pub(crate) struct Trust {
    /// `VAULT_CACERT`: a file of CA certificates that alone are trusted.
    pub ca_file: Option<PathBuf>,
    /// `VAULT_CAPATH`: a folder of such files; asked only without the file, as by Vault's own client.
    pub ca_folder: Option<PathBuf>,
    /// `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY`.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// `VAULT_SKIP_VERIFY`.
    pub skips_verification: bool,
}

impl Trust {
    /// A client for this address, which follows nothing by itself.
    pub fn client(&self, address: &Url) -> Result<Client, Failure> {
        // Somebody else of the process may have installed one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder().tls_backend_rustls().redirect(Policy::none()).referer(false);
        let is_plain = address.scheme() == "http";
        // Through a proxy a plain request, and the token in it, would be read.
        if is_plain || is_loopback(address) {
            builder = builder.no_proxy();
        }
        if is_plain {
            // Else the machine's certificates would be read for nothing, and have to be there.
            builder = builder.tls_certs_only([]);
        } else if self.skips_verification {
            tracing::warn!("VAULT_SKIP_VERIFY is set: whoever is in between can read every secret of {address}");
            builder = builder.tls_danger_accept_invalid_certs(true);
        } else if let Some(certificates) = self.authorities()? {
            builder = builder.tls_certs_only(certificates);
        }
        if let Some((certificate, key)) = &self.identity {
            let mut pem = read("VAULT_CLIENT_KEY", key)?;
            pem.push(b'\n');
            pem.append(&mut read("VAULT_CLIENT_CERT", certificate)?);
            let identity = Identity::from_pem(&pem).map_err(|_| {
                Failure::setup("VAULT_CLIENT_CERT and VAULT_CLIENT_KEY hold no certificate with its key")
                    .help("both are PEM files, the key without a password")
            })?;
            builder = builder.identity(identity);
        }
        builder.build().map_err(|error| {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Failure::setup(format!("TLS cannot be set up: {why}"))
                .help("set VAULT_CACERT to a file with the server's CA certificate")
        })
    }

    /// The CA certificates that were named; none if the machine's own are to be taken.
    fn authorities(&self) -> Result<Option<Vec<Certificate>>, Failure> {
        if let Some(file) = &self.ca_file {
            return authorities_of("VAULT_CACERT", file).map(Some);
        }
        let Some(folder) = &self.ca_folder else { return Ok(None) };
        let entries = fs::read_dir(folder).map_err(|error| unreadable("VAULT_CAPATH", folder, &error))?;
        let mut found = Vec::new();
        for entry in entries {
            let file = entry.map_err(|error| unreadable("VAULT_CAPATH", folder, &error))?.path();
            if file.is_file() {
                found.extend(authorities_of("VAULT_CAPATH", &file)?);
            }
        }
        if found.is_empty() {
            return Err(no_certificate("VAULT_CAPATH", folder));
        }
        Ok(Some(found))
    }
}

fn authorities_of(variable: &str, file: &Path) -> Result<Vec<Certificate>, Failure> {
    let found = Certificate::from_pem_bundle(&read(variable, file)?).unwrap_or_default();
    if found.is_empty() { Err(no_certificate(variable, file)) } else { Ok(found) }
}

fn no_certificate(variable: &str, file: &Path) -> Failure {
    Failure::setup(format!("{variable}: {} holds no certificate", file.display()))
        .help("CA certificates are in PEM files")
}

fn unreadable(variable: &str, file: &Path, error: &std::io::Error) -> Failure {
    Failure::setup(format!("{variable}: {} cannot be read: {error}", file.display()))
        .help(format!("correct {variable}, or the rights to what it names"))
}

/// Reads a file that a variable names.
pub(crate) fn read(variable: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| unreadable(variable, file, &error))
}

fn is_loopback(address: &Url) -> bool {
    let Some(host) = address.host_str() else { return false };
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
