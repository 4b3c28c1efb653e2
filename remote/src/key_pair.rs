//! One Ed25519 key pair, and how its halves are written: OpenSSH's text for the public key, PKCS#8 in PEM for both.

use crate::base64;
use crate::keys::KeysError;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::fmt;

/// The name of the one kind of key there is.
pub(crate) const KEY_KIND: &str = "ssh-ed25519";

/// What comes before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
const PEM_LINE_BYTES: usize = 64;

/// An Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key in a text: `ssh-ed25519 AAAA… ?comment?`, or the base64 word alone.
    pub fn parse(text: &str) -> Result<PublicKey, KeysError> {
        let mut words = text.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        let word = if first == KEY_KIND {
            words.next().unwrap_or_default()
        } else {
            first
        };
        let blob = base64::decode(word);
        blob.as_deref()
            .and_then(key_of_blob)
            .ok_or_else(|| KeysError::NotAKey(text.trim().chars().take(80).collect()))
    }

    /// The key in a DER SubjectPublicKeyInfo; None if that holds no Ed25519 key.
    pub fn from_spki(spki: &[u8]) -> Option<PublicKey> {
        spki.strip_prefix(&SPKI_PREFIX)?
            .try_into()
            .ok()
            .map(PublicKey)
    }

    /// The key as a DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> Vec<u8> {
        [&SPKI_PREFIX[..], &self.0].concat()
    }

    /// `SHA256:…`, as ssh shows it.
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &self.blob());
        format!(
            "SHA256:{}",
            base64::encode(hash.as_ref()).trim_end_matches('=')
        )
    }

    /// The key as ssh's wire format has it.
    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(51);
        for part in [KEY_KIND.as_bytes(), &self.0] {
            // Both parts are short.
            blob.extend_from_slice(&(part.len() as u32).to_be_bytes());
            blob.extend_from_slice(part);
        }
        blob
    }
}

fn key_of_blob(blob: &[u8]) -> Option<PublicKey> {
    let rest = blob.strip_prefix(&(KEY_KIND.len() as u32).to_be_bytes())?;
    let rest = rest.strip_prefix(KEY_KIND.as_bytes())?;
    rest.strip_prefix(&32u32.to_be_bytes())?
        .try_into()
        .ok()
        .map(PublicKey)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{KEY_KIND} {}", base64::encode(&self.blob()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

/// This process's own key pair.
#[derive(Clone)]
pub struct Identity {
    public: PublicKey,
    /// PKCS#8, version 2.
    pkcs8: Vec<u8>,
}

impl Identity {
    /// A new random key pair.
    pub fn generate() -> Identity {
        loop {
            // Fails only if the system has no randomness to give, and then only for a moment at boot.
            if let Ok(document) = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
                && let Some(identity) = Identity::from_pkcs8(document.as_ref())
            {
                return identity;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Option<Identity> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Identity {
            public,
            pkcs8: pkcs8.to_vec(),
        })
    }

    /// The half that may be shown.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The pair in PKCS#8, for the TLS library.
    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    pub(crate) fn from_pem(text: &str) -> Option<Identity> {
        let body = text.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
        let digits: String = body.split_ascii_whitespace().collect();
        Identity::from_pkcs8(&base64::decode(&digits)?)
    }

    pub(crate) fn pem(&self) -> String {
        let digits = base64::encode(&self.pkcs8);
        let mut text = format!("{PEM_BEGIN}\n");
        let mut rest = digits.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(PEM_LINE_BYTES));
            text.push_str(line);
            text.push('\n');
            rest = tail;
        }
        text.push_str(PEM_END);
        text.push('\n');
        text
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({})", self.public)
    }
}
