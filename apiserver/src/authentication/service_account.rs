//! Bearer tokens of ServiceAccounts: JSON web tokens, ES256, bound to the account and perhaps to a pod, a node or a secret.

use std::{collections::HashMap, sync::Arc};

use api::{Identity, Key, Kind, kinds};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind, jwk::Jwk};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Store;

use super::Verified;
use crate::tls::pki;

/// Also the audience of a token that asks for none.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// Who issues the tokens that are kept in Secrets.
const LEGACY_ISSUER: &str = "kubernetes/serviceaccount";
/// Clocks of clients are not ours; seconds.
const LEEWAY: i64 = 60;
/// Signatures that were checked lately. A check costs more than the rest of a small request.
const REMEMBERED: usize = 1024;

/// Signs and verifies.
pub(crate) struct Tokens {
    signs: EncodingKey,
    verifies: DecodingKey,
    key_id: String,
    jwk: Value,
    /// What good signatures are of. Whether it still holds is asked each time.
    known: Mutex<HashMap<Box<str>, Arc<Signed>>>,
}

/// What a token that we signed says.
enum Signed {
    Bound(Box<Claims>),
    Legacy(LegacyClaims),
}

/// What a token says; the names are the wire's.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) aud: Vec<String>,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) iss: String,
    pub(crate) jti: String,
    pub(crate) sub: String,
    #[serde(rename = "kubernetes.io")]
    pub(crate) kubernetes: Bound,
}

/// The objects whose end is the token's end.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) namespace: String,
    pub(crate) serviceaccount: Reference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pod: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Reference>,
    /// From here on it should have been renewed; seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) warnafter: Option<i64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// The claims of a token that lies in a Secret and ends with it.
#[derive(Debug, Serialize, Deserialize)]
struct LegacyClaims {
    iss: String,
    sub: String,
    #[serde(rename = "kubernetes.io/serviceaccount/namespace")]
    namespace: String,
    #[serde(rename = "kubernetes.io/serviceaccount/secret.name")]
    secret: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.name")]
    account: String,
    #[serde(rename = "kubernetes.io/serviceaccount/service-account.uid")]
    uid: String,
}

impl Tokens {
    /// `key` is the PEM of a P-256 key.
    pub(crate) fn new(key: &str) -> Result<Self, pki::Error> {
        let fail = |source| pki::Error::TokenKey { source };
        let signs = EncodingKey::from_ec_pem(key.as_bytes()).map_err(fail)?;
        let jwk = Jwk::from_encoding_key(&signs, Algorithm::ES256).map_err(fail)?;
        let key_id = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).map_err(fail)?;
        let verifies = DecodingKey::from_jwk(&jwk).map_err(fail)?;
        let mut jwk = serde_json::to_value(&jwk).expect("a JWK is plain data");
        jwk["use"] = "sig".into();
        jwk["kid"] = key_id.clone().into();
        Ok(Self { signs, verifies, key_id, jwk, known: Mutex::default() })
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign_any(claims)
    }

    /// A token for the Secret `namespace`/`secret`, without an end of its own.
    pub(crate) fn sign_for_secret(&self, namespace: &str, secret: &str, account: &Reference) -> Result<String, String> {
        let claims = LegacyClaims {
            iss: LEGACY_ISSUER.into(),
            sub: user_name(namespace, &account.name),
            namespace: namespace.into(),
            secret: secret.into(),
            account: account.name.clone(),
            uid: account.uid.clone(),
        };
        self.sign_any(&claims).map_err(|error| error.to_string())
    }

    fn sign_any(&self, claims: &impl Serialize) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.signs)
    }

    /// Whom `token` names, while what it is bound to lives.
    pub(crate) fn verify(&self, store: &Store, token: &str, audiences: &[String]) -> Result<Verified, String> {
        match &*self.read(token)? {
            Signed::Bound(claims) => bound(store, claims, audiences),
            Signed::Legacy(claims) => legacy(store, claims, token, audiences),
        }
    }

    fn read(&self, token: &str) -> Result<Arc<Signed>, String> {
        if let Some(known) = self.known.lock().get(token) {
            return Ok(known.clone());
        }
        let mut validation = Validation::new(Algorithm::ES256);
        validation.required_spec_claims.clear();
        validation.set_issuer(&[ISSUER, LEGACY_ISSUER]);
        // Times and audiences are looked at each time the token is used.
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims: Value = match jsonwebtoken::decode(token, &self.verifies, &validation) {
            Ok(decoded) => decoded.claims,
            Err(error) if matches!(error.kind(), ErrorKind::InvalidSignature) => return Err("invalid signature".into()),
            Err(error) => return Err(error.to_string()),
        };
        let failed = |error: serde_json::Error| error.to_string();
        let signed = if claims["iss"] == LEGACY_ISSUER {
            Signed::Legacy(serde_json::from_value(claims).map_err(failed)?)
        } else {
            Signed::Bound(Box::new(serde_json::from_value(claims).map_err(failed)?))
        };
        let signed = Arc::new(signed);
        let mut known = self.known.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(token.into(), signed.clone());
        Ok(signed)
    }

    /// The key set that others verify with.
    pub(crate) fn key_set(&self) -> Value {
        json!({ "keys": [self.jwk] })
    }
}

/// The audiences that this server answers for.
pub(crate) fn api_audiences() -> [String; 1] {
    [ISSUER.to_owned()]
}

fn user_name(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

fn is_there(store: &Store, kind: &'static Kind, namespace: &str, reference: &Reference) -> Result<(), String> {
    let what = match kind.kind {
        "ServiceAccount" => "service account",
        "Pod" => "pod",
        "Node" => "node",
        _ => "secret",
    };
    let key = if kind.namespaced { Key::new(namespace, &reference.name) } else { Key::cluster(&reference.name) };
    match store.get(kind, &key) {
        None if kind.kind == "ServiceAccount" => Err(format!("serviceaccounts {:?} not found", reference.name)),
        None => Err("service account token has been invalidated".into()),
        Some(object) if *object.meta.uid != *reference.uid => {
            let (real, said) = (&object.meta.uid, &reference.uid);
            Err(format!("{what} UID ({real}) does not match claim ({said})"))
        }
        Some(_) => Ok(()),
    }
}

fn bound(store: &Store, claims: &Claims, audiences: &[String]) -> Result<Verified, String> {
    let now = Timestamp::now().as_second();
    if now > claims.exp + LEEWAY {
        return Err("service account token has expired".into());
    }
    if now + LEEWAY < claims.nbf {
        return Err("service account token is not valid yet".into());
    }
    let shared: Vec<String> = audiences.iter().filter(|audience| claims.aud.contains(audience)).cloned().collect();
    if shared.is_empty() {
        let (of, wanted) = (claims.aud.join(" "), audiences.join(" "));
        return Err(format!("token audiences [{of}] is invalid for the target audiences [{wanted}]"));
    }
    let bound = &claims.kubernetes;
    is_there(store, &kinds::SERVICE_ACCOUNT, &bound.namespace, &bound.serviceaccount)?;
    let mut ends_with = vec![(&kinds::SECRET, &bound.secret), (&kinds::POD, &bound.pod)];
    // The node of a pod's token only says where the pod runs.
    if bound.pod.is_none() {
        ends_with.push((&kinds::NODE, &bound.node));
    }
    for (kind, reference) in ends_with {
        if let Some(reference) = reference {
            is_there(store, kind, &bound.namespace, reference)?;
        }
    }
    Ok(Verified { identity: identity(claims), audiences: shared })
}

fn legacy(store: &Store, claims: &LegacyClaims, token: &str, audiences: &[String]) -> Result<Verified, String> {
    let account = Reference { name: claims.account.clone(), uid: claims.uid.clone() };
    is_there(store, &kinds::SERVICE_ACCOUNT, &claims.namespace, &account)?;
    let invalid = || "service account token has been invalidated".to_owned();
    let secret = store.get(&kinds::SECRET, &Key::new(&claims.namespace, &claims.secret)).ok_or_else(invalid)?.value();
    let kept = STANDARD.decode(secret["data"]["token"].as_str().unwrap_or_default()).unwrap_or_default();
    if kept != token.as_bytes() || !secret["metadata"]["deletionTimestamp"].is_null() {
        return Err(invalid());
    }
    let identity = of_account(&claims.namespace, &account);
    Ok(Verified { identity, audiences: audiences.to_vec() })
}

fn of_account(namespace: &str, account: &Reference) -> Identity {
    let group = format!("system:serviceaccounts:{namespace}");
    let mut identity = Identity::new(&user_name(namespace, &account.name), &["system:serviceaccounts", &group]);
    identity.uid.clone_from(&account.uid);
    identity
}

fn identity(claims: &Claims) -> Identity {
    let bound = &claims.kubernetes;
    let mut identity = of_account(&bound.namespace, &bound.serviceaccount);
    let mut extra = |name: &str, value: &str| {
        identity.extra.insert(format!("authentication.kubernetes.io/{name}"), vec![value.to_owned()]);
    };
    extra("credential-id", &format!("JTI={}", claims.jti));
    if let Some(pod) = &bound.pod {
        extra("pod-name", &pod.name);
        extra("pod-uid", &pod.uid);
    }
    if let Some(node) = &bound.node {
        extra("node-name", &node.name);
        extra("node-uid", &node.uid);
    }
    identity
}
