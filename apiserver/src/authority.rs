//! The cluster's seal, for the controllers that hand out what it signs.

use std::{sync::Arc, time::Duration};

use rcgen::{
    CertificateSigningRequestParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use time::OffsetDateTime;

use crate::{app::App, authentication::service_account::Reference, tls::pki::Pair};

/// Clocks of clients are not ours.
const BACKDATED: Duration = Duration::from_secs(300);

/// Signs certificates and tokens with the cluster's keys.
pub struct Authority {
    ca: Pair,
    app: Arc<App>,
}

impl Authority {
    pub(crate) fn new(ca: Pair, app: Arc<App>) -> Self {
        Self { ca, app }
    }

    /// The certificate (PEM) that the request (PEM) asks for: its key, subject and names, these usages, this long.
    ///
    /// # Errors
    /// When the request or a usage cannot be understood.
    pub fn sign_certificate(&self, request: &str, usages: &[&str], lifetime: Duration) -> Result<String, String> {
        let failed = |error: rcgen::Error| error.to_string();
        let mut asked = CertificateSigningRequestParams::from_pem(request).map_err(failed)?;
        let key = KeyPair::from_pem(&self.ca.key).map_err(failed)?;
        let issuer = Issuer::from_ca_cert_pem(&self.ca.certificate, key).map_err(failed)?;
        let params = &mut asked.params;
        let now = OffsetDateTime::now_utc();
        params.not_before = now - BACKDATED;
        params.not_after = now + lifetime;
        params.serial_number = Some(SerialNumber::from(rand::random::<u64>() >> 1));
        // What the request says of these is not asked for: the object does.
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages.clear();
        params.extended_key_usages.clear();
        params.use_authority_key_identifier_extension = true;
        for usage in usages {
            match of_key(usage) {
                Some(usage) => params.key_usages.push(usage),
                None => {
                    params.extended_key_usages.push(extended(usage).ok_or_else(|| format!("unrecognized usage {usage:?}"))?)
                }
            }
        }
        asked.signed_by(&issuer).map(|certificate| certificate.pem()).map_err(failed)
    }

    /// The token that the Secret `namespace`/`secret` is to hold for this account.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn account_token(&self, namespace: &str, secret: &str, account: &str, uid: &str) -> Result<String, String> {
        let account = Reference { name: account.to_owned(), uid: uid.to_owned() };
        self.app.tokens.sign_for_secret(namespace, secret, &account)
    }
}

fn of_key(usage: &str) -> Option<KeyUsagePurpose> {
    Some(match usage {
        "signing" | "digital signature" => KeyUsagePurpose::DigitalSignature,
        "content commitment" => KeyUsagePurpose::ContentCommitment,
        "key encipherment" => KeyUsagePurpose::KeyEncipherment,
        "key agreement" => KeyUsagePurpose::KeyAgreement,
        "data encipherment" => KeyUsagePurpose::DataEncipherment,
        _ => return None,
    })
}

fn extended(usage: &str) -> Option<ExtendedKeyUsagePurpose> {
    Some(match usage {
        "client auth" => ExtendedKeyUsagePurpose::ClientAuth,
        "server auth" => ExtendedKeyUsagePurpose::ServerAuth,
        _ => return None,
    })
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}
