//! Bearer tokens of ServiceAccounts: JSON web tokens, ES256, bound to the account and perhaps to a pod.

use api::{Identity, Key, kinds};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::Jwk};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Store;

use crate::tls::pki;

/// Also the audience of a token that asks for none.
pub(crate) const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";

/// Signs and verifies.
pub(crate) struct Tokens {
    signs: EncodingKey,
    verifies: DecodingKey,
    key_id: String,
    jwk: Value,
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
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bound {
    pub(crate) namespace: String,
    pub(crate) serviceaccount: Reference,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pod: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) node: Option<Reference>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reference {
    pub(crate) name: String,
    pub(crate) uid: String,
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
        Ok(Self { signs, verifies, key_id, jwk })
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.signs)
    }

    /// Whom `token` names, while what it is bound to lives.
    pub(crate) fn verify(&self, store: &Store, token: &str) -> Option<Identity> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[ISSUER]);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifies, &validation).ok()?.claims;
        let bound = &claims.kubernetes;
        let lives = |kind, reference: &Reference| {
            let found = store.get(kind, &Key::new(&bound.namespace, &reference.name));
            found.is_some_and(|object| *object.meta.uid == *reference.uid)
        };
        let account = &bound.serviceaccount;
        let alive = lives(&kinds::SERVICE_ACCOUNT, account) && bound.pod.as_ref().is_none_or(|pod| lives(&kinds::POD, pod));
        alive.then(|| identity(&claims))
    }

    /// The key set that others verify with.
    pub(crate) fn key_set(&self) -> Value {
        json!({ "keys": [self.jwk] })
    }
}

fn identity(claims: &Claims) -> Identity {
    let bound = &claims.kubernetes;
    let group = format!("system:serviceaccounts:{}", bound.namespace);
    let mut identity = Identity::new(&claims.sub, &["system:serviceaccounts", &group]);
    identity.uid.clone_from(&bound.serviceaccount.uid);
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
