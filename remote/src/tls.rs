//! TLS 1.3 between two keys: rustls with raw public keys (RFC 7250) on both sides and no certificates.
//!
//! The server is held against `known_hosts` and the client against `authorized_keys` within the handshake, by the
//! verifiers here; that each has the private half of the key it shows is the handshake's own business. There is no
//! session resumption and no early data: every connection is checked anew.
//!
//! All that is specific to rustls and not to one connection is in this file; [`crate::transport`] drives connections.

use crate::keys::{Home, HostPolicy, HostVerdict, Identity, KeysError, PublicKey};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct,
    DistinguishedName, ServerConfig, ServerConnection, SignatureScheme,
};
use std::sync::{Arc, Mutex};

/// What both sides name as the protocol inside, so that a TLS server of another kind is told apart.
const ALPN: &[u8] = b"remex/1";

/// The name in the handshake. It is neither sent nor checked: keys are, by host and port.
const SERVER_NAME: &str = "remex.invalid";

/// What stands for "your key is not known here" on the wire: rustls sends it when a verifier refuses a key.
pub const KEY_REFUSED: AlertDescription = AlertDescription::AccessDenied;

/// The verdict on the server's key, kept for those who ask after the handshake.
type Verdict = Arc<Mutex<Option<(PublicKey, Result<HostVerdict, KeysError>)>>>;

/// The connecting side of a connection, before its handshake.
pub struct Dialer {
    /// Until it is taken.
    connection: Option<ClientConnection>,
    home: Home,
    host: String,
    verdict: Verdict,
}

impl Dialer {
    /// A connection that will accept the server at `host` (HOST:PORT) by `policy`, and show `identity`.
    pub fn new(
        home: &Home,
        identity: &Identity,
        host: &str,
        policy: HostPolicy,
    ) -> Result<Dialer, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verdict = Verdict::default();
        let verifier = HostVerifier {
            provider: Arc::clone(&provider),
            home: home.clone(),
            host: host.to_string(),
            policy,
            verdict: Arc::clone(&verdict),
        };
        let own_key = AlwaysResolvesClientRawPublicKeys::new(certified(&provider, identity)?);
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(own_key));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_sni = false;
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(SERVER_NAME)
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let connection = ClientConnection::new(Arc::new(config), name)?;
        Ok(Dialer {
            connection: Some(connection),
            home: home.clone(),
            host: host.to_string(),
            verdict,
        })
    }

    /// The connection, to be driven through its handshake; given out once.
    pub fn take_connection(&mut self) -> Option<ClientConnection> {
        self.connection.take()
    }

    /// Why the server's key was refused, if that is why the handshake failed.
    pub fn refusal(&self) -> Option<KeysError> {
        match self.verdict.lock() {
            Ok(verdict) => verdict
                .as_ref()
                .and_then(|(_, result)| result.clone().err()),
            Err(_) => None,
        }
    }

    /// After the handshake: the server's key, recorded if it is new, with a line to show the user in that case.
    ///
    /// Errors: the key could not be recorded.
    pub fn accept(&self) -> Result<(Option<PublicKey>, Option<String>), KeysError> {
        let verdict = self.verdict.lock().ok().and_then(|verdict| verdict.clone());
        match verdict {
            Some((key, Ok(HostVerdict::New))) => {
                Ok((Some(key), Some(self.home.record_host(&self.host, &key)?)))
            }
            Some((key, result)) => result.map(|_| (Some(key), None)),
            None => Ok((None, None)),
        }
    }
}

/// The listening side: makes the connections that clients are let in by.
pub struct Acceptor {
    config: Arc<ServerConfig>,
    refused: Refused,
}

/// The last client refused: its key, or why the list of keys could not be read.
type Refused = Arc<Mutex<Option<Result<PublicKey, KeysError>>>>;

impl Acceptor {
    /// An endpoint that shows `identity` and lets in whom `home`'s authorized_keys name.
    pub fn new(home: &Home, identity: &Identity) -> Result<Acceptor, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let refused = Refused::default();
        let verifier = ClientVerifier {
            provider: Arc::clone(&provider),
            home: home.clone(),
            refused: Arc::clone(&refused),
        };
        let own_key = AlwaysResolvesServerRawPublicKeys::new(certified(&provider, identity)?);
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(own_key));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.send_tls13_tickets = 0;
        Ok(Acceptor {
            config: Arc::new(config),
            refused,
        })
    }

    /// A connection to be driven through its handshake.
    pub fn connection(&self) -> Result<ServerConnection, rustls::Error> {
        ServerConnection::new(Arc::clone(&self.config))
    }

    /// The client that was refused in the handshake that just failed, if that is why; told once.
    pub fn take_refused(&self) -> Option<Result<PublicKey, KeysError>> {
        self.refused.lock().ok()?.take()
    }
}

/// The key that the peer of a connection showed; None before the handshake is over.
pub fn peer_key(certificates: Option<&[CertificateDer<'_>]>) -> Option<PublicKey> {
    PublicKey::from_spki(certificates?.first()?)
}

/// The key of the client of an accepted connection.
pub fn client_key(connection: &ServerConnection) -> Option<PublicKey> {
    peer_key(connection.peer_certificates())
}

/// A key pair in the form rustls wants: the SubjectPublicKeyInfo takes the certificate's place.
fn certified(
    provider: &CryptoProvider,
    identity: &Identity,
) -> Result<Arc<CertifiedKey>, rustls::Error> {
    let pkcs8 = PrivatePkcs8KeyDer::from(identity.pkcs8().to_vec());
    let key = provider.key_provider.load_private_key(pkcs8.into())?;
    Ok(Arc::new(CertifiedKey::new(
        vec![CertificateDer::from(identity.public().spki())],
        key,
    )))
}

/// Checks the signature that proves possession of a raw key.
fn verify_signature(
    provider: &CryptoProvider,
    message: &[u8],
    spki: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    let spki = SubjectPublicKeyInfoDer::from(spki.as_ref());
    verify_tls13_signature_with_raw_key(
        message,
        &spki,
        signature,
        &provider.signature_verification_algorithms,
    )
}

/// What both verifiers, whose traits have no common part, say of signatures: raw Ed25519 keys, TLS 1.3 only.
macro_rules! signatures_of_raw_keys {
    () => {
        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _cert: &CertificateDer<'_>,
            _dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            // TLS 1.2 is never offered.
            Err(rustls::Error::General("TLS 1.2 is not spoken here".into()))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            verify_signature(&self.provider, message, cert, dss)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ED25519]
        }

        fn requires_raw_public_keys(&self) -> bool {
            true
        }
    };
}

const BAD_KEY: rustls::Error = rustls::Error::InvalidCertificate(CertificateError::BadEncoding);
const REFUSED: rustls::Error =
    rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);

/// Holds a server's key against known_hosts.
#[derive(Debug)]
struct HostVerifier {
    provider: Arc<CryptoProvider>,
    home: Home,
    host: String,
    policy: HostPolicy,
    verdict: Verdict,
}

impl ServerCertVerifier for HostVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let key = PublicKey::from_spki(end_entity).ok_or(BAD_KEY)?;
        let result = self.home.check_host(&self.host, &key, self.policy);
        let is_accepted = result.is_ok();
        if let Ok(mut verdict) = self.verdict.lock() {
            *verdict = Some((key, result));
        }
        match is_accepted {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(REFUSED),
        }
    }

    signatures_of_raw_keys!();
}

/// Holds a client's key against authorized_keys.
#[derive(Debug)]
struct ClientVerifier {
    provider: Arc<CryptoProvider>,
    home: Home,
    refused: Refused,
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let key = PublicKey::from_spki(end_entity).ok_or(BAD_KEY)?;
        match self.home.is_authorized(&key) {
            Ok(true) => Ok(ClientCertVerified::assertion()),
            result => {
                if let Ok(mut refused) = self.refused.lock() {
                    *refused = Some(result.map(|_| key));
                }
                Err(REFUSED)
            }
        }
    }

    signatures_of_raw_keys!();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let directory =
                std::env::temp_dir().join(format!("remex-tls-{name}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&directory);
            Scratch(directory)
        }

        fn home(&self, name: &str) -> Home {
            Home::at(self.0.join(name))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Carries bytes between the two until both have nothing to say, or one has failed.
    fn shake(
        client: &mut ClientConnection,
        server: &mut ServerConnection,
    ) -> Result<(), rustls::Error> {
        for _ in 0..10 {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes).unwrap();
            }
            let mut input = &bytes[..];
            let mut result = Ok(());
            while !input.is_empty() && result.is_ok() {
                server.read_tls(&mut input).unwrap();
                result = server.process_new_packets().map(drop);
            }
            let mut bytes = Vec::new();
            while server.wants_write() {
                server.write_tls(&mut bytes).unwrap();
            }
            let mut input = &bytes[..];
            while !input.is_empty() {
                client.read_tls(&mut input).unwrap();
                client.process_new_packets()?;
            }
            result?;
        }
        Ok(())
    }

    #[test]
    fn two_known_keys_meet_and_each_knows_the_other() {
        let scratch = Scratch::new("meet");
        let (server_home, client_home) = (scratch.home("server"), scratch.home("client"));
        let (server_id, client_id) = (
            server_home.identity().unwrap(),
            client_home.identity().unwrap(),
        );
        server_home.authorize(&client_id.public(), "").unwrap();
        let acceptor = Acceptor::new(&server_home, &server_id).unwrap();
        let mut dialer =
            Dialer::new(&client_home, &client_id, "h:1", HostPolicy::FirstUse).unwrap();
        let mut client = dialer.take_connection().unwrap();
        let mut server = acceptor.connection().unwrap();
        shake(&mut client, &mut server).unwrap();
        assert_eq!(client_key(&server), Some(client_id.public()));
        let (key, notice) = dialer.accept().unwrap();
        assert_eq!(key, Some(server_id.public()));
        assert!(notice.unwrap().contains("h:1 is new"));
        client.writer().write_all(b"hello").unwrap();
        shake(&mut client, &mut server).unwrap();
        let mut text = [0; 5];
        server.reader().read_exact(&mut text).unwrap();
        assert_eq!(&text, b"hello");

        let mut again = Dialer::new(&client_home, &client_id, "h:1", HostPolicy::Strict).unwrap();
        let mut again_client = again.take_connection().unwrap();
        shake(&mut again_client, &mut acceptor.connection().unwrap()).unwrap();
        assert_eq!(again.accept().unwrap(), (Some(server_id.public()), None));
    }

    #[test]
    fn an_unknown_client_is_refused_by_the_alert_that_says_so() {
        let scratch = Scratch::new("client");
        let (server_home, client_home) = (scratch.home("server"), scratch.home("client"));
        let client_id = client_home.identity().unwrap();
        let acceptor = Acceptor::new(&server_home, &server_home.identity().unwrap()).unwrap();
        let mut dialer =
            Dialer::new(&client_home, &client_id, "h:1", HostPolicy::FirstUse).unwrap();
        let mut client = dialer.take_connection().unwrap();
        let error = shake(&mut client, &mut acceptor.connection().unwrap()).unwrap_err();
        assert_eq!(error, rustls::Error::AlertReceived(KEY_REFUSED));
        assert_eq!(
            acceptor.take_refused().unwrap().unwrap(),
            client_id.public()
        );
        assert!(acceptor.take_refused().is_none());
    }

    #[test]
    fn a_server_with_another_key_is_refused_before_this_sides_key_is_shown() {
        let scratch = Scratch::new("changed");
        let (server_home, client_home) = (scratch.home("server"), scratch.home("client"));
        let client_id = client_home.identity().unwrap();
        client_home
            .trust("h:1", &Identity::generate().public(), false)
            .unwrap();
        let server_id = server_home.identity().unwrap();
        let acceptor = Acceptor::new(&server_home, &server_id).unwrap();
        let mut dialer =
            Dialer::new(&client_home, &client_id, "h:1", HostPolicy::FirstUse).unwrap();
        let mut client = dialer.take_connection().unwrap();
        let mut server = acceptor.connection().unwrap();
        assert!(shake(&mut client, &mut server).is_err());
        let text = dialer.refusal().unwrap().to_string();
        assert!(
            text.contains(&format!(
                "remex keys trust h:1 {} --replace",
                server_id.public()
            )),
            "{text}"
        );
        assert_eq!(client_key(&server), None);
    }

    #[test]
    fn a_client_without_a_key_gets_nowhere() {
        let scratch = Scratch::new("keyless");
        let server_home = scratch.home("server");
        let acceptor = Acceptor::new(&server_home, &server_home.identity().unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = HostVerifier {
            provider: Arc::clone(&provider),
            home: scratch.home("client"),
            host: "h:1".into(),
            policy: HostPolicy::FirstUse,
            verdict: Verdict::default(),
        };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![ALPN.to_vec()];
        let name = ServerName::try_from(SERVER_NAME).unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        assert!(shake(&mut client, &mut acceptor.connection().unwrap()).is_err());
    }
}
