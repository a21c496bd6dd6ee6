//! Webhooks over HTTP, on hyper and rustls.

use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, header::RETRY_AFTER};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, pem, pem::PemObject as _},
};
use tokio::time::timeout;
use tower_service::Service;

use self::failure::failure;
use crate::{Answer, EndpointUrl, FailureKind, Message, Transport, TransportError, UrlError, UrlPolicy};

mod failure;

/// The most of an answer that is read, in bytes, so that its connection can be used again.
const ANSWER: usize = 64 << 10;

/// The longest time for that, if the try has so much left.
const REST: Duration = Duration::from_secs(1);

/// Longest time for a connection to one address.
const CONNECT: Duration = Duration::from_secs(10);

/// Sends webhooks over HTTP/1.1 and TLS; with the feature `client`.
///
/// The name of a host is resolved once for each connection, each of its addresses is checked by the [`UrlPolicy`], one that
/// is not allowed ends it, and only what was checked is connected to. So a name that changes its address in between
/// (DNS rebinding) gains nothing. Redirects are answers like others, and no proxy is used. It needs a tokio runtime.
///
/// Certificates are checked against the roots of the system and those that are added, and against the name in the URL; there is no
/// way to leave that out.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client<HttpsConnector<HttpConnector<Checked>>, Full<Bytes>>,
    policy: Arc<UrlPolicy>,
}

/// Options of an [`HttpTransport`].
#[derive(Debug)]
#[must_use]
pub struct HttpTransportBuilder {
    policy: UrlPolicy,
    resolver: Arc<dyn Resolver>,
    roots: Vec<Vec<u8>>,
}

/// Resolves names of hosts.
#[async_trait]
pub trait Resolver: fmt::Debug + Send + Sync + 'static {
    /// All addresses of a name. They are checked by whoever asks.
    ///
    /// # Errors
    ///
    /// Where there is none.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct SystemResolver;

/// Why a transport could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportBuildError {
    /// A certificate that was added is none.
    #[error("a root certificate cannot be read")]
    Certificate(#[source] Box<dyn StdError + Send + Sync>),
    /// The system has no root certificates, and none was added.
    #[error("there are no root certificates to trust")]
    NoRoots,
    /// TLS cannot be set up.
    #[error("tls cannot be set up")]
    Tls(#[source] rustls::Error),
}

/// A resolver with the addresses checked.
#[derive(Clone)]
struct Checked {
    resolver: Arc<dyn Resolver>,
    policy: Arc<UrlPolicy>,
}

/// Why a name was not resolved.
#[derive(Debug, thiserror::Error)]
enum Unresolved {
    #[error("the host has an address that is not allowed")]
    Refused,
    #[error("the host could not be resolved")]
    Failed(#[source] io::Error),
}

impl HttpTransport {
    /// A transport for URLs and addresses that a policy allows, with the roots and the resolver of the system.
    ///
    /// # Errors
    ///
    /// Those of [`HttpTransportBuilder::build`].
    pub fn new(policy: UrlPolicy) -> Result<Self, TransportBuildError> {
        Self::builder(policy).build()
    }

    /// Options to make a transport with.
    pub fn builder(policy: UrlPolicy) -> HttpTransportBuilder {
        HttpTransportBuilder {
            policy,
            resolver: Arc::new(SystemResolver),
            roots: Vec::new(),
        }
    }

    async fn post(&self, message: &Message) -> Result<Answer, TransportError> {
        let mut request = Request::new(Full::new(message.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = message.url.as_uri().clone();
        *request.headers_mut() = message.headers.clone();
        let begin = Instant::now();
        let response = match timeout(message.timeout, self.client.request(request)).await {
            Ok(response) => response.map_err(failure)?,
            Err(late) => return Err(TransportError::with_source(FailureKind::Timeout, late)),
        };
        // The answer is its head, whatever becomes of the rest.
        let answer = Answer::new(response.status().as_u16(), retry_after(response.headers()));
        let left = message.timeout.saturating_sub(begin.elapsed());
        let _ = timeout(left.min(REST), read(response.into_body())).await;
        Ok(answer)
    }
}

#[async_trait]
impl Transport for HttpTransport {
    fn check(&self, url: &EndpointUrl) -> Result<(), UrlError> {
        self.policy.check(url)
    }

    async fn send(&self, message: &Message) -> Result<Answer, TransportError> {
        // Addresses that stand in the URL are never asked for.
        self.policy.check(&message.url).map_err(|error| {
            let kind = match error {
                UrlError::Private => FailureKind::Address,
                _ => FailureKind::Url,
            };
            TransportError::with_source(kind, error)
        })?;
        self.post(message).await
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl HttpTransportBuilder {
    /// With another resolver.
    pub fn resolver(mut self, resolver: impl Resolver) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Trusts a root certificate too, as an authority of one's own has: in DER, or all that a PEM file holds.
    pub fn root_certificate(mut self, certificate: impl Into<Vec<u8>>) -> Self {
        self.roots.push(certificate.into());
        self
    }

    /// The transport.
    ///
    /// # Errors
    ///
    /// Where a certificate cannot be read, or there are none and `http` is not allowed.
    pub fn build(self) -> Result<HttpTransport, TransportBuildError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for file in self.roots {
            for root in certificates(file)? {
                roots.add(root).map_err(TransportBuildError::certificate)?;
            }
        }
        if roots.is_empty() && !self.policy.is_http_allowed() {
            return Err(TransportBuildError::NoRoots);
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TransportBuildError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let policy = Arc::new(self.policy);
        let mut http = HttpConnector::new_with_resolver(Checked {
            resolver: self.resolver,
            policy: Arc::clone(&policy),
        });
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(4)
            .build(https);
        Ok(HttpTransport { client, policy })
    }
}

impl TransportBuildError {
    fn certificate(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Certificate(Box::new(source))
    }
}

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

impl Checked {
    async fn resolve(self, name: Name) -> Result<std::vec::IntoIter<SocketAddr>, Unresolved> {
        let found = self.resolver.resolve(name.as_str()).await.map_err(Unresolved::Failed)?;
        if found.iter().any(|address| !self.policy.allows(*address)) {
            return Err(Unresolved::Refused);
        }
        // The connector puts the port of the URL in.
        let found: Vec<SocketAddr> = found.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
        Ok(found.into_iter())
    }
}

impl Service<Name> for Checked {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Unresolved;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unresolved>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unresolved>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name))
    }
}

/// The certificates of a file.
fn certificates(file: Vec<u8>) -> Result<Vec<CertificateDer<'static>>, TransportBuildError> {
    // DER begins with the tag of a sequence, which is no letter of PEM's first line.
    if file.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(file)]);
    }
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(&file).collect();
    let found = found.map_err(TransportBuildError::certificate)?;
    if found.is_empty() {
        return Err(TransportBuildError::certificate(pem::Error::NoItemsFound));
    }
    Ok(found)
}

/// Reads the body of an answer, or the most of it that is read.
async fn read(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > ANSWER {
            break;
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
