use std::collections::BTreeMap;

use serde_json::Value;

use super::fixture::FixtureTenant;
use super::reply::Reply;
use super::scene::Scene;

/// What the operations of a bulk request could change, read before it: rule U5 holds for each failed operation.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// How many resources each endpoint has.
    counts: BTreeMap<&'static str, u64>,
    /// The answer to a read of each path that an operation names.
    resources: BTreeMap<String, String>,
}

/// More operations than this are not traced.
const MAX_OPERATIONS: usize = 200;
const ENDPOINTS: [&str; 2] = ["Users", "Groups"];

impl Traces {
    /// Reads the state before a request with `body`; `None` if it is no bulk request.
    pub(super) async fn take(scene: &Scene<'_>, tenant: &FixtureTenant, body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let operations = body
            .get("Operations")?
            .as_array()
            .filter(|operations| operations.len() <= MAX_OPERATIONS)?;
        if !operations.iter().any(|operation| operation.get("method").is_some()) {
            return None;
        }
        let mut traces = Self::default();
        for endpoint in ENDPOINTS {
            let total = scene.get(tenant, &format!("/{endpoint}?count=0")).await.ok()?.total()?;
            traces.counts.insert(endpoint, total);
        }
        for path in operations
            .iter()
            .filter_map(|operation| operation.get("path")?.as_str())
        {
            if let Some(answer) = read(scene, tenant, path).await {
                traces.resources.insert(path.to_owned(), answer);
            }
        }
        Some(traces)
    }

    /// What changed though no successful operation of `reply` accounts for it.
    pub(super) async fn check(&self, scene: &Scene<'_>, tenant: &FixtureTenant, reply: &Reply) -> Vec<String> {
        let mut problems = Vec::new();
        let succeeded: Vec<&Value> = reply
            .operations()
            .filter(|(_, status)| status.starts_with('2'))
            .map(|(operation, _)| operation)
            .collect();
        let method = |operation: &Value| {
            operation
                .get("method")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let location = |operation: &Value| {
            operation
                .get("location")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        for (endpoint, before) in &self.counts {
            let of = |wanted: &str| {
                let here = |operation: &&&Value| location(operation).contains(&format!("/{endpoint}/"));
                succeeded
                    .iter()
                    .filter(here)
                    .filter(|operation| method(operation) == wanted)
                    .count() as u64
            };
            let expected = (before + of("POST")).saturating_sub(of("DELETE"));
            let after = scene
                .get(tenant, &format!("/{endpoint}?count=0"))
                .await
                .ok()
                .and_then(|reply| reply.total());
            if after != Some(expected) {
                problems.push(format!(
                    "U5: {endpoint} number {after:?} after the bulk request, expected {expected}"
                ));
            }
        }
        // A change of a group, or the end of a member, lawfully shows in other resources.
        let spreads = |operation: &&Value| method(operation) == "DELETE" || location(operation).contains("/Groups/");
        if succeeded.iter().any(spreads) {
            return problems;
        }
        for (path, before) in &self.resources {
            let touched = succeeded
                .iter()
                .any(|operation| location(operation).ends_with(path.as_str()));
            if !touched && read(scene, tenant, path).await.as_ref() != Some(before) {
                problems.push(format!("U5: {path} changed though no operation on it succeeded"));
            }
        }
        problems
    }
}

/// The answer to a read of `/Endpoint/id`; `None` for other paths.
async fn read(scene: &Scene<'_>, tenant: &FixtureTenant, path: &str) -> Option<String> {
    let (endpoint, id) = path.strip_prefix('/')?.split_once('/')?;
    if id.is_empty() || !ENDPOINTS.contains(&endpoint) {
        return None;
    }
    let reply = scene.get(tenant, path).await.ok()?;
    Some(format!("{} {:?} {}", reply.status, reply.header("etag"), reply.text))
}
