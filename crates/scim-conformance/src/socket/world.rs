use std::{
    collections::{BTreeMap, VecDeque},
    error::Error,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
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

/// Processes of a host, which must take `--fixture FILE`, too. One whose lists have not changed is used again, but never twice
/// in a row, so that both runs of a line have a process of their own.
///
/// What a host keeps is seen through its lists, so a change that they do not show is not seen. What it logs is searched for
/// secrets.
#[derive(Debug, Clone)]
pub struct HostWorld {
    program: PathBuf,
    arguments: Vec<String>,
    idle: Idle,
}

/// A host in use, which goes back to the others if it is as it was.
#[derive(Debug)]
struct HostInstance {
    host: Arc<Running>,
    idle: Idle,
}

type Idle = Arc<Mutex<VecDeque<Arc<Running>>>>;

/// A host in the state of the fixture.
#[derive(Debug)]
struct Running {
    process: HostProcess,
    socket: Socket,
    base_path: String,
    /// A token of each tenant.
    tokens: Vec<String>,
    variables: BTreeMap<String, String>,
    failures: AtomicUsize,
    /// What it had at first.
    lists: String,
}

impl HostWorld {
    /// Processes of this program with these arguments.
    pub fn new(program: &Path, arguments: &[&str]) -> Self {
        Self {
            program: program.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            idle: Arc::default(),
        }
    }

    fn start(&self, fixture: &Fixture) -> Result<Running, Box<dyn Error + Send + Sync>> {
        let file = bundled_badinput().join("fixture.json").display().to_string();
        let arguments = self.arguments.iter().cloned().chain(["--fixture".to_owned(), file]);
        let process = HostProcess::start(&self.program, arguments)?;
        let variables: BTreeMap<String, String> = serde_json::from_str(process.said("fixture"))?;
        let first = fixture.tenants.iter().filter_map(|tenant| tenant.tokens.first());
        let mut host = Running {
            socket: process.socket(),
            base_path: crate::outgoing::split_base(&fixture.base_url).1,
            tokens: first.filter_map(|name| variables.get(name).cloned()).collect(),
            variables,
            process,
            failures: AtomicUsize::new(0),
            lists: String::new(),
        };
        host.lists = host.lists();
        Ok(host)
    }
}

#[async_trait]
impl World for HostWorld {
    fn features(&self) -> &[&str] {
        &["cursor"]
    }

    async fn fresh(&self, fixture: &Fixture) -> Result<Box<dyn Instance>, Box<dyn Error + Send + Sync>> {
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() > 1 { idle.pop_front() } else { None }
        };
        let host = match idle {
            Some(host) => host,
            None => Arc::new(self.start(fixture)?),
        };
        Ok(Box::new(HostInstance {
            host,
            idle: Arc::clone(&self.idle),
        }))
    }
}

#[async_trait]
impl Instance for HostInstance {
    fn target(&self) -> &dyn Target {
        &self.host.socket
    }

    fn variables(&self) -> &BTreeMap<String, String> {
        &self.host.variables
    }

    async fn dump(&self) -> String {
        self.host.lists()
    }

    async fn written(&self) -> String {
        self.host.process.log()
    }
}

impl Drop for HostInstance {
    fn drop(&mut self) {
        if self.host.lists() == self.host.lists {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push_back(Arc::clone(&self.host));
        }
    }
}

impl Running {
    /// Everything of all tenants.
    fn lists(&self) -> String {
        let mut lists = String::new();
        for token in &self.tokens {
            match self.list(token) {
                Ok(list) => lists.push_str(&list),
                // Never equal to another: nobody knows whether anything changed.
                Err(error) => {
                    let number = self.failures.fetch_add(1, Ordering::Relaxed);
                    lists.push_str(&format!("failure {number}: {error}"));
                }
            }
        }
        lists
    }

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
