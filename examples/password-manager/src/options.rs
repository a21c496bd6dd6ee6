//! What the program can be told, by arguments and by environment variables.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;

use crate::domain::{Lifetime, Overlap};

/// The back office of a password manager, provisioned by SCIM 2.0.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) host: HostOptions,
}

/// What all commands share.
#[derive(Args, Clone)]
pub(crate) struct HostOptions {
    /// Where to listen; port 0 takes a free one.
    #[arg(
        long,
        global = true,
        env = "PM_LISTEN",
        value_name = "ADDR",
        default_value = "127.0.0.1:8080"
    )]
    pub(crate) listen: SocketAddr,

    /// What people and identity providers reach the server by, such as `https://vault.example.com` behind a proxy, without a
    /// path [default: `http://LISTEN`].
    #[arg(long, global = true, env = "PM_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub(crate) public_url: Option<String>,

    /// Where everything is kept: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`. Files and tables are made where
    /// they are missing.
    #[arg(
        long,
        global = true,
        env = "PM_DATABASE",
        value_name = "URL",
        default_value = "sqlite:password-manager.db",
        hide_env_values = true
    )]
    pub(crate) database: Location,

    /// The organisation: a short name of letters, digits and hyphens, which stands in its Tenant URL.
    #[arg(
        long,
        global = true,
        env = "PM_ORGANIZATION",
        value_name = "NAME",
        default_value = "acme",
        value_parser = organisation
    )]
    pub(crate) organization: String,

    /// How much to log on standard error: off, error, warn, info (each request), debug or trace.
    #[arg(long, global = true, env = "PM_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,

    /// A secret token that holds for the organisation for as long as it is set here, 32 characters at least: for automation.
    #[arg(
        long,
        global = true,
        env = "SCIM_BOOTSTRAP_TOKEN",
        value_name = "TOKEN",
        hide = true,
        hide_env_values = true,
        value_parser = bootstrap_token
    )]
    pub(crate) bootstrap_token: Option<BootstrapToken>,

    /// Makes the organisation without an owner and vaults, for tests of the endpoint: nobody can sign in to the console.
    #[arg(long, global = true, env = "PM_EMPTY", hide = true)]
    pub(crate) empty: bool,

    /// Takes webhooks on this machine and without TLS, for tests.
    #[arg(long, global = true, env = "PM_LOCAL_WEBHOOKS", hide = true)]
    pub(crate) local_webhooks: bool,
}

#[derive(Subcommand, Clone)]
pub(crate) enum Command {
    /// Serves the SCIM endpoint and the console (what is done without a command).
    Serve,
    /// Plays an identity provider's day against a server, or against one of its own that forgets everything.
    Demo(DemoOptions),
    /// Makes and rotates the secret tokens of an organisation.
    Credentials {
        #[command(subcommand)]
        command: CredentialsCommand,
    },
    /// Shows what provisioning changed.
    Events {
        #[command(subcommand)]
        command: EventsCommand,
    },
    /// Prints a one-time sign-in link for the owner of the organisation.
    SignIn,
}

#[derive(Args, Clone)]
pub(crate) struct DemoOptions {
    /// The Tenant URL of a running server; without it the demo starts a server of its own. With the server's `--database`
    /// the summary has licences and events as well, which SCIM does not tell.
    #[arg(long, value_name = "URL", requires = "token")]
    pub(crate) tenant_url: Option<String>,

    /// The secret token that goes with it.
    #[arg(long, env = "SCIM_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// Goes on serving afterwards, so that the console can be looked at (with a server of its own).
    #[arg(long)]
    pub(crate) stay: bool,
}

#[derive(Subcommand, Clone)]
pub(crate) enum CredentialsCommand {
    /// Makes a secret token, and prints it once.
    Create {
        /// What people call it.
        #[arg(long, default_value = "Command line")]
        name: String,
        /// When it ends: after days (`90d`) or years (`2y`), or `never`.
        #[arg(long, value_name = "TIME", default_value_t)]
        expires: Lifetime,
    },
    /// Makes a secret token in place of another, which ends at once or lives on for a while.
    Rotate {
        /// The identifier of the one to be replaced [default: the newest that lives].
        id: Option<String>,
        /// When the new one ends: after days (`90d`) or years (`2y`), or `never`.
        #[arg(long, value_name = "TIME", default_value_t)]
        expires: Lifetime,
        /// For how long both are good: hours (`8h`), days (`1d`), or `0` for not at all.
        #[arg(long, value_name = "TIME", default_value_t)]
        overlap: Overlap,
    },
    /// Lists them, without their secrets.
    List,
}

#[derive(Subcommand, Clone)]
pub(crate) enum EventsCommand {
    /// Prints the latest events, and with `--follow` those to come.
    Tail {
        /// Waits for more, until it is interrupted.
        #[arg(long, short)]
        follow: bool,
        /// How many of the latest.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: u32,
    },
}

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Location {
    Postgres(String),
    Sqlite(PathBuf),
}

/// A secret that shows itself to nobody.
#[derive(Clone)]
pub(crate) struct BootstrapToken(pub(crate) String);

impl HostOptions {
    /// What people reach the server by, where it listens on this address.
    pub(crate) fn public_url(&self, address: SocketAddr) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{address}"))
    }
}

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE is wanted"),
        }
    }
}

/// The URL may hold a password.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Postgres",
            Self::Sqlite(_) => "Sqlite",
        })
    }
}

impl fmt::Debug for BootstrapToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BootstrapToken(..)")
    }
}

fn public_url(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if host.contains('/') => Err("a URL without a path is wanted: console and endpoint are at its root"),
        Some(host) if !host.is_empty() && !host.contains(['?', '#', ' ']) => Ok(text.to_owned()),
        _ => Err("an absolute URL is wanted, such as https://vault.example.com"),
    }
}

fn organisation(text: &str) -> Result<String, &'static str> {
    let is_plain = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    match is_plain && !text.is_empty() && text.len() <= 40 {
        true => Ok(text.to_owned()),
        false => Err("1 to 40 lower-case letters, digits and hyphens are wanted"),
    }
}

fn bootstrap_token(text: &str) -> Result<BootstrapToken, &'static str> {
    match text.len() >= 32 && text.bytes().all(|b| b.is_ascii_graphic()) {
        true => Ok(BootstrapToken(text.to_owned())),
        false => Err("32 visible ASCII characters at least are wanted"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_short_bootstrap_token_is_refused_and_not_repeated() {
        let arguments = ["password-manager", "--bootstrap-token", "short-secret"];
        let Err(error) = Options::try_parse_from(arguments) else {
            panic!("it was taken");
        };
        assert!(error.to_string().contains("32 visible"), "{error}");
        assert_eq!(format!("{:?}", BootstrapToken("x".repeat(32))), "BootstrapToken(..)");
    }

    #[test]
    fn a_database_is_one_of_two_and_its_password_is_not_shown() {
        let location: Location = "postgres://u:hidden@h/d".parse().unwrap();
        assert!(!format!("{location:?}").contains("hidden"));
        assert_eq!("sqlite:a/b.db".parse(), Ok(Location::Sqlite("a/b.db".into())));
        assert!("mysql://h/d".parse::<Location>().is_err());
    }

    #[test]
    fn a_token_ends_unless_it_is_said_that_it_never_does() {
        let read = |more: &[&str]| {
            let arguments = [&["password-manager", "credentials", "rotate"], more].concat();
            match Options::try_parse_from(arguments)?.command {
                Some(Command::Credentials {
                    command: CredentialsCommand::Rotate { expires, overlap, .. },
                }) => Ok((expires, overlap.is_none())),
                _ => panic!("another command"),
            }
        };
        assert_eq!(
            read(&[]).map_err(|error: clap::Error| error.to_string()),
            Ok((Lifetime::Years(1), true))
        );
        assert_eq!(
            read(&["--expires", "never", "--overlap", "8h"]).ok(),
            Some((Lifetime::Never, false))
        );
        assert!(read(&["--expires", "11y"]).is_err());
    }

    #[test]
    fn a_public_url_has_no_path_and_loses_its_last_slash() {
        assert_eq!(public_url("https://v.example/"), Ok("https://v.example".to_owned()));
        for wrong in ["v.example", "https://", "https://v.example?a", "ftp://v.example"] {
            assert!(
                public_url(wrong).is_err_and(|error| error.contains("absolute")),
                "{wrong}"
            );
        }
        for path in ["https://v.example/app", "http://v.example//app/"] {
            assert!(
                public_url(path).is_err_and(|error| error.contains("without a path")),
                "{path}"
            );
        }
    }
}
