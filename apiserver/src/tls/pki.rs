//! The cluster's own certificate authority and what it signed, kept in `data_dir/pki` with mode 0600.

use std::{
    fs,
    io::{self, Write},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use time::{Duration, OffsetDateTime};

/// What went wrong with a key, a certificate or their files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot read or write `{path}`")]
    File { path: PathBuf, source: io::Error },
    #[error("cannot make the certificate of `{name}`")]
    Make { name: String, source: rcgen::Error },
    #[error("cannot read the PEM of `{name}`")]
    Pem { name: String, source: rustls::pki_types::pem::Error },
    #[error("cannot serve with the certificates")]
    Serve { source: rustls::Error },
    #[error("cannot verify client certificates")]
    Verifier { source: rustls::server::VerifierBuilderError },
    #[error("cannot sign service account tokens with `sa.key`")]
    TokenKey { source: jsonwebtoken::errors::Error },
}

/// A certificate and its key, both PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Everything the server needs to prove who it is, and to tell who others are.
pub(crate) struct Pki {
    /// Signs; its certificate is what clients trust.
    pub(crate) ca: Pair,
    pub(crate) server: Pair,
    /// `kubernetes-admin` of `system:masters`.
    pub(crate) admin: Pair,
    /// Signs ServiceAccount tokens.
    pub(crate) token_key: String,
}

impl Pki {
    /// Loads what `dir` holds and makes what it lacks. The server's certificate is made anew when `names` or `addresses`
    /// are not those it was made for.
    pub(crate) fn open(dir: &Path, names: &[String], addresses: &[IpAddr]) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|source| Error::File { path: dir.to_owned(), source })?;
        let ca = match load(dir, "ca")? {
            Some(ca) => ca,
            None => store(dir, "ca", self_signed()?)?,
        };
        let sans: Vec<String> = names.iter().cloned().chain(addresses.iter().map(ToString::to_string)).collect();
        let wanted = sans.join("\n");
        let server = match load(dir, "server")? {
            Some(server) if read(&dir.join("server.names"))?.as_deref() == Some(&wanted) => server,
            _ => {
                let made = signed(&ca, "kube-apiserver", &[], &sans, ExtendedKeyUsagePurpose::ServerAuth)?;
                write(&dir.join("server.names"), &wanted)?;
                store(dir, "server", made)?
            }
        };
        let admin = match load(dir, "admin")? {
            Some(admin) => admin,
            None => {
                let groups = ["system:masters"];
                store(dir, "admin", signed(&ca, "kubernetes-admin", &groups, &[], ExtendedKeyUsagePurpose::ClientAuth)?)?
            }
        };
        let key_file = dir.join("sa.key");
        let token_key = match read(&key_file)? {
            Some(key) => key,
            None => {
                let key = generate("sa.key")?.serialize_pem();
                write(&key_file, &key)?;
                key
            }
        };
        Ok(Self { ca, server, admin, token_key })
    }

    /// TLS for the listener: HTTP/2 first, client certificates of our own authority welcome but not demanded.
    pub(crate) fn server_config(&self) -> Result<ServerConfig, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        for certificate in certificates("ca", &self.ca.certificate)? {
            roots.add(certificate).map_err(|source| Error::Serve { source })?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .allow_unauthenticated()
            .build()
            .map_err(|source| Error::Verifier { source })?;
        let key = PrivateKeyDer::from_pem_slice(self.server.key.as_bytes())
            .map_err(|source| Error::Pem { name: "server.key".into(), source })?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| Error::Serve { source })?
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates("server", &self.server.certificate)?, key)
            .map_err(|source| Error::Serve { source })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn certificates(name: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|source| Error::Pem { name: format!("{name}.crt"), source })
}

fn generate(name: &str) -> Result<KeyPair, Error> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|source| Error::Make { name: name.to_owned(), source })
}

fn params(name: &str, groups: &[&str], years: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    for group in groups {
        subject.push(DnType::OrganizationName, *group);
    }
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    // An hour back: clocks of clients are not ours.
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::hours(1);
    params.not_after = now + Duration::days(365 * years);
    params.serial_number = Some(SerialNumber::from(rand::random::<u64>() >> 1));
    params
}

fn self_signed() -> Result<Pair, Error> {
    let key = generate("ca")?;
    let mut params = params("coracle-ca", &[], 10);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let certificate = params.self_signed(&key).map_err(|source| Error::Make { name: "ca".into(), source })?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

fn signed(ca: &Pair, name: &str, groups: &[&str], sans: &[String], usage: ExtendedKeyUsagePurpose) -> Result<Pair, Error> {
    let fail = |source| Error::Make { name: name.to_owned(), source };
    let ca_key = KeyPair::from_pem(&ca.key).map_err(fail)?;
    let issuer = Issuer::from_ca_cert_pem(&ca.certificate, ca_key).map_err(fail)?;
    let key = generate(name)?;
    let mut params = params(name, groups, 10);
    params.subject_alt_names = CertificateParams::new(sans.to_vec()).map_err(fail)?.subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &issuer).map_err(fail)?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// The pair called `name`, if both its files are there.
fn load(dir: &Path, name: &str) -> Result<Option<Pair>, Error> {
    let certificate = read(&dir.join(format!("{name}.crt")))?;
    let key = read(&dir.join(format!("{name}.key")))?;
    Ok(certificate.zip(key).map(|(certificate, key)| Pair { certificate, key }))
}

fn store(dir: &Path, name: &str, pair: Pair) -> Result<Pair, Error> {
    write(&dir.join(format!("{name}.key")), &pair.key)?;
    write(&dir.join(format!("{name}.crt")), &pair.certificate)?;
    Ok(pair)
}

/// Another process may look at any moment: the file appears whole, by a rename, and is never readable by others.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let half = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    fs::rename(&half, path).map_err(fail)
}

pub(crate) fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn open(dir: &Path, name: &str) -> Pki {
        Pki::open(dir, &[name.to_owned()], &["127.0.0.1".parse().unwrap()]).unwrap()
    }

    #[test]
    fn keeps_what_it_made_and_hides_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), "localhost");
        let second = open(dir.path(), "localhost");
        assert_eq!(first.ca.certificate, second.ca.certificate);
        assert_eq!(first.server.certificate, second.server.certificate);
        assert_eq!(first.token_key, second.token_key);
        second.server_config().unwrap();
        let mode = fs::metadata(dir.path().join("ca.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn another_name_is_another_server_certificate_of_the_same_authority() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), "localhost");
        let second = open(dir.path(), "elsewhere");
        assert_eq!(first.ca.certificate, second.ca.certificate);
        assert_ne!(first.server.certificate, second.server.certificate);
    }
}
