use std::{
    collections::BTreeMap,
    error::Error,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;

use super::{HostProcess, Socket};
use crate::{
    Target,
    badinput::{Fixture, Instance, World},
    bundled_badinput,
};

/// Processes of a host, a fresh one for each line of the corpus: it must take `--fixture FILE`, too.
///
/// What a host keeps is seen through its lists, so a change that they do not show is not seen. What it logs is searched for
/// secrets.
#[derive(Debug, Clone)]
pub struct HostWorld {
    program: PathBuf,
    arguments: Vec<String>,
}

#[derive(Debug)]
struct HostInstance {
    process: HostProcess,
    socket: Socket,
    base_path: String,
    /// A token of each tenant.
    tokens: Vec<String>,
    variables: BTreeMap<String, String>,
    failures: AtomicUsize,
}

impl HostWorld {
    /// Processes of this program with these arguments.
    pub fn new(program: &Path, arguments: &[&str]) -> Self {
        Self {
            program: program.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        }
    }
}

#[async_trait]
impl World for HostWorld {
    fn features(&self) -> &[&str] {
        &["cursor"]
    }

    async fn fresh(&self, fixture: &Fixture) -> Result<Box<dyn Instance>, Box<dyn Error + Send + Sync>> {
        let file = bundled_badinput().join("fixture.json").display().to_string();
        let arguments = self.arguments.iter().cloned().chain(["--fixture".to_owned(), file]);
        let process = HostProcess::start(&self.program, arguments)?;
        let variables: BTreeMap<String, String> = serde_json::from_str(process.said("fixture"))?;
        let first = fixture.tenants.iter().filter_map(|tenant| tenant.tokens.first());
        Ok(Box::new(HostInstance {
            socket: process.socket(),
            base_path: crate::outgoing::split_base(&fixture.base_url).1,
            tokens: first.filter_map(|name| variables.get(name).cloned()).collect(),
            variables,
            process,
            failures: AtomicUsize::new(0),
        }))
    }
}

#[async_trait]
impl Instance for HostInstance {
    fn target(&self) -> &dyn Target {
        &self.socket
    }

    fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    async fn dump(&self) -> String {
        let mut dump = String::new();
        for token in &self.tokens {
            match self.list(token) {
                Ok(list) => dump.push_str(&list),
                // Never equal to another: nobody knows whether anything changed.
                Err(error) => {
                    let number = self.failures.fetch_add(1, Ordering::Relaxed);
                    dump.push_str(&format!("failure {number}: {error}"));
                }
            }
        }
        dump
    }

    async fn written(&self) -> String {
        self.process.log()
    }
}

impl HostInstance {
    /// Everything of a tenant, as it is found from the base URL.
    fn list(&self, token: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        let request = Request::get(format!("{}/?count=200", self.base_path))
            .header("host", "127.0.0.1")
            .header("authorization", format!("Bearer {token}"))
            .body(Bytes::new())?;
        let response = self.socket.exchange(request)?;
        let list = String::from_utf8_lossy(response.body()).into_owned();
        if response.status() == 200 {
            Ok(list)
        } else {
            Err(list.into())
        }
    }
}
