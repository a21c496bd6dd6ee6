//! [`Host`]: everything but the framework.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use scim_http::{BearerTokens, Expiry, Pace, ScimService, TokenError, store::Principal};
use tokio::net::TcpListener;

use crate::{Options, fixture, log, passwords::Passwords, secret::Secret};

/// The one tenant of a host.
const TENANT: &str = "main";

/// A service, and the socket that it is to be served on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Host {
    /// What answers.
    pub service: ScimService,
    /// Where clients come in.
    pub listener: TcpListener,
    /// How long is waited for bodies.
    pub pace: Pace,
    /// The head of a request must arrive within this time; a connection may be idle, or not be read from, for as long.
    pub head_time: Duration,
    address: SocketAddr,
    base_url: String,
    token: Option<Secret>,
    /// What the placeholders of a fixture stand for, as JSON.
    variables: Option<Secret>,
}

impl Host {
    /// Starts the log, opens the socket and the store, and makes the service.
    ///
    /// # Errors
    ///
    /// Where an option cannot be followed.
    pub async fn new(options: &Options) -> Result<Self, Box<dyn Error>> {
        log::init(options.log);
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let fixture = options.fixture.as_deref().map(fixture::load).transpose()?;
        let of_fixture = fixture.as_ref().map(|fixture| fixture.base_url.clone());
        let base_url = options.base_url.clone().or(of_fixture);
        let base_url = base_url.unwrap_or_else(|| format!("http://{address}/scim/v2"));
        if base_url.starts_with("http:") && !address.ip().is_loopback() {
            tracing::warn!("tokens and people's data cross the network unencrypted: put a proxy with TLS in front");
        }
        let mut token = None;
        let mut variables = None;
        let service = if let Some(fixture) = &fixture {
            let (service, values) = fixture::service(fixture, &base_url, options.dialect()).await?;
            variables = Some(Secret(values));
            service
        } else {
            if options.token.is_empty() {
                token = Some(Secret(BearerTokens::generate("scim")?));
            }
            let store = options.database.open().await?;
            ScimService::builder(&base_url, store, tokens(options, token.as_ref())?)
                .allow_insecure_base_url()
                .dialect(options.dialect())
                .limits(options.limits())
                .password_sink(Passwords::default())
                .build()?
        };
        let body_time = Duration::from_millis(options.body_time);
        Ok(Self {
            service,
            listener,
            pace: Pace::default().with(|pace| pace.patience = body_time),
            head_time: Duration::from_millis(options.head_time),
            address,
            base_url,
            token,
            variables,
        })
    }

    /// Tells on standard output how to talk to the host.
    pub fn announce(&self) {
        // Whether anybody reads along makes no difference to the service.
        let _ = self.write(io::stdout().lock());
    }

    /// A token that was given is not repeated: whoever gave it knows it.
    fn write(&self, mut to: impl Write) -> io::Result<()> {
        let Self { address, base_url, .. } = self;
        writeln!(to, "listening {address}")?;
        writeln!(to, "base URL  {base_url}")?;
        if let Some(Secret(variables)) = &self.variables {
            writeln!(to, "fixture   {variables}")?;
        }
        let token = self.token.as_ref().map(|token| &*token.0);
        let shown = token.unwrap_or("as given; set TOKEN to it for the lines below");
        writeln!(to, "token     {shown}\n\ntry:")?;
        let token = token.unwrap_or("$TOKEN");
        writeln!(
            to,
            "curl -H \"Authorization: Bearer {token}\" {base_url}/ServiceProviderConfig"
        )?;
        writeln!(
            to,
            "curl -H \"Authorization: Bearer {token}\" -H \"Content-Type: application/scim+json\" {base_url}/Users \
             -d '{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ada@example.com\"}}'"
        )?;
        writeln!(
            to,
            "curl -H \"Authorization: Bearer {token}\" --get {base_url}/Users \
             --data-urlencode 'filter=userName eq \"ada@example.com\"'"
        )?;
        to.flush()
    }
}

fn tokens(options: &Options, generated: Option<&Secret>) -> Result<BearerTokens, TokenError> {
    let mut tokens = BearerTokens::new().allow_raw(options.allow_raw_token);
    let all = options.token.iter().chain(generated);
    for (index, Secret(token)) in all.enumerate() {
        tokens.add(
            token,
            Principal::new(TENANT, &format!("token {}", index + 1)),
            Expiry::Never,
        )?;
    }
    if let Some((user, Secret(password))) = &options.basic {
        tokens = tokens.with_basic(user, password, Principal::new(TENANT, "basic"))?;
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[tokio::test]
    async fn a_token_that_was_made_is_announced_and_nowhere_else() {
        let arguments = ["host", "--listen", "127.0.0.1:0", "--log", "off"];
        let host = Host::new(&Options::parse_from(arguments)).await.unwrap();
        let token = host.token.clone().unwrap().0;
        assert!(!format!("{host:?}").contains(&token));
        let mut said = Vec::new();
        host.write(&mut said).unwrap();
        assert!(String::from_utf8(said).unwrap().contains(&token));
    }
}
