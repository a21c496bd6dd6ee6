//! What the host can be told, by arguments and by environment variables.

use std::{net::SocketAddr, path::PathBuf};

use clap::{
    CommandFactory, FromArgMatches, Parser,
    builder::{FalseyValueParser, PossibleValuesParser},
};
use scim_http::core::{Dialect, Limits};
use tracing_subscriber::filter::LevelFilter;

use crate::{database::Database, secret::Secret};

/// A complete SCIM 2.0 endpoint: in memory, on SQLite or on PostgreSQL.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "SCIM_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// What clients reach the host by, such as `https://id.example.com/scim/v2` behind a proxy
    /// [default: `http://LISTEN/scim/v2`].
    #[arg(long, env = "SCIM_BASE_URL", value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Where everything is kept: `sqlite:PATH`, `postgres://USER:PASSWORD@HOST/DATABASE`, or `memory`, which forgets
    /// everything when the host stops. Files and tables are made where they are missing.
    #[arg(
        long,
        env = "SCIM_DATABASE",
        value_name = "URL",
        default_value = "memory",
        hide_env_values = true
    )]
    pub(crate) database: Database,

    /// A token to take; may be repeated (in the variable: separated by blanks). One is generated where none is given.
    #[arg(
        long,
        env = "SCIM_TOKEN",
        value_name = "T",
        value_delimiter = ' ',
        hide_env_values = true
    )]
    pub(crate) token: Vec<Secret>,

    /// Also take a token as the bare value of `Authorization`, as Okta can send it.
    #[arg(long, env = "SCIM_ALLOW_RAW_TOKEN", value_parser = FalseyValueParser::new())]
    pub(crate) allow_raw_token: bool,

    /// Also take this user and password by HTTP Basic.
    #[arg(long, env = "SCIM_BASIC", value_name = "USER:PASS", value_parser = user_and_password, hide_env_values = true)]
    pub(crate) basic: Option<(String, Secret)>,

    /// What clients may send beyond the RFCs.
    #[arg(long, env = "SCIM_DIALECT", value_name = "NAME", default_value = "default",
          value_parser = PossibleValuesParser::new(Dialect::NAMES))]
    dialect: String,

    /// Longest request body, in bytes.
    #[arg(long, env = "SCIM_BODY_LIMIT", value_name = "BYTES", default_value_t = Limits::default().body)]
    body_limit: usize,

    /// Longest request body that is about a group, in bytes.
    #[arg(long, env = "SCIM_GROUP_BODY_LIMIT", value_name = "BYTES", default_value_t = Limits::default().members_body)]
    group_body_limit: usize,

    /// Longest bulk request, in bytes.
    #[arg(long, env = "SCIM_BULK_BYTES", value_name = "BYTES", default_value_t = Limits::default().bulk_body)]
    bulk_bytes: usize,

    /// Most operations in a bulk request; 0 switches bulk off.
    #[arg(long, env = "SCIM_BULK_OPERATIONS", value_name = "N", default_value_t = Limits::default().bulk_operations)]
    bulk_operations: usize,

    /// Resources in a page where the client does not say.
    #[arg(long, env = "SCIM_DEFAULT_PAGE", value_name = "N", default_value_t = Limits::default().default_page)]
    default_page: usize,

    /// Largest page.
    #[arg(long, env = "SCIM_MAX_PAGE", value_name = "N", default_value_t = Limits::default().max_page)]
    max_page: usize,

    /// Time for the head of a request, in milliseconds; a connection may be idle, or not be read from, for as long.
    #[arg(long, env = "SCIM_HEAD_TIME", value_name = "MS", default_value_t = 30_000)]
    pub(crate) head_time: u64,

    /// Time for the body of a request, in milliseconds; it gets a second more for each 64 KiB.
    #[arg(long, env = "SCIM_BODY_TIME", value_name = "MS", default_value_t = 10_000)]
    pub(crate) body_time: u64,

    /// For tests only: starts in memory with the tenants, users and tokens of this file, which are no secret.
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) fixture: Option<PathBuf>,

    /// How much to log on standard error: off, error, warn, info (each request), debug or trace.
    #[arg(long, env = "SCIM_LOG", value_name = "LEVEL", default_value = "info")]
    pub(crate) log: LevelFilter,
}

impl Options {
    /// The options of the host of this name, from its arguments and environment. Ends the process where they are wrong.
    pub fn of(name: &'static str) -> Self {
        let mut matches = Self::command().name(name).get_matches();
        Self::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
    }

    pub(crate) fn dialect(&self) -> Dialect {
        Dialect::named(&self.dialect).unwrap_or_default()
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits::default().with(|limits| {
            limits.body = self.body_limit;
            limits.members_body = self.group_body_limit;
            limits.bulk_body = self.bulk_bytes;
            limits.bulk_operations = self.bulk_operations;
            limits.default_page = self.default_page;
            limits.max_page = self.max_page;
        })
    }
}

fn user_and_password(text: &str) -> Result<(String, Secret), &'static str> {
    match text.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => {
            Ok((user.to_owned(), Secret(password.to_owned())))
        }
        _ => Err("a user name and a password are wanted, with a colon between them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_well_formed() {
        Options::command().debug_assert();
    }

    #[test]
    fn limits_and_dialect_are_taken_from_the_options() {
        let arguments = [
            "host",
            "--dialect",
            "entra",
            "--max-page",
            "7",
            "--bulk-operations",
            "0",
        ];
        let options = Options::try_parse_from(arguments).unwrap();
        assert_eq!(options.dialect(), Dialect::entra());
        assert_eq!((options.limits().max_page, options.limits().bulk_operations), (7, 0));
    }

    #[test]
    fn a_database_is_one_of_three() {
        let parse = |url| Options::try_parse_from(["host", "--database", url]).map(|options| options.database);
        assert_eq!(parse("sqlite:a/b.db").unwrap(), Database::Sqlite("a/b.db".into()));
        assert_eq!(
            parse("postgres://u@h/d").unwrap(),
            Database::Postgres("postgres://u@h/d".to_owned())
        );
        assert_eq!(parse("memory").unwrap(), Database::Memory);
        for url in ["mysql://u:hidden@h/d", "sqlite:", ""] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains("sqlite:PATH"), "{error}");
        }
    }

    #[test]
    fn options_show_no_secret() {
        let arguments = [
            "host",
            "--token",
            "hidden1",
            "--basic",
            "ada:hidden2",
            "--database",
            "postgres://u:hidden3@h/d",
        ];
        let options = format!("{:?}", Options::try_parse_from(arguments).unwrap());
        assert!(options.contains("ada") && !options.contains("hidden"), "{options}");
    }

    #[test]
    fn a_dialect_that_is_not_known_is_refused() {
        assert!(Options::try_parse_from(["host", "--dialect", "klingon"]).is_err());
    }

    #[test]
    fn a_password_may_hold_a_colon() {
        let options = Options::try_parse_from(["host", "--basic", "ada:a:b"]).unwrap();
        assert_eq!(options.basic, Some(("ada".to_owned(), Secret("a:b".to_owned()))));
        assert!(Options::try_parse_from(["host", "--basic", "ada"]).is_err());
    }
}
