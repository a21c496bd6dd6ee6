//! Bulk (RFC 7644 section 3.7): operations one by one in an order that their references allow, circles in one transaction.

use std::{collections::HashMap, sync::Arc};

use http::StatusCode;
use scim_core::{
    EntityTags, Limits, Precondition, ResourceId, ScimError, Version,
    bulk::{BulkError, BulkMessage, BulkMethod, BulkOperation, Plan, Step, substitute, substitute_path},
    query::Relations,
    resource::{Encoder, Projection},
    schema::ResourceType,
    urn,
};
use scim_store::{Scope, StoreError, Write, Written};
use serde_json::{Map, Value, json};

use super::{Target, create, delete, patch, replace};
use crate::{encode::Answer, fault::Fault, route::Route, site::Site};

pub(crate) async fn bulk(site: &Site, scope: &Scope, body: Value) -> Result<Answer, Fault> {
    if site.limits.bulk_operations == 0 {
        return Err(Fault::new(
            501,
            "bulk requests are not supported: see ServiceProviderConfig",
        ));
    }
    let message = match BulkMessage::parse(body, &site.dialect, &site.limits) {
        Ok(message) => message,
        Err(BulkError::TooMany { .. }) => return Err(too_large(&site.limits)),
        Err(error) => return Err(ScimError::from(error).into()),
    };
    let plan = Plan::new(&message);
    let mut run = Run {
        site,
        scope,
        plan: &plan,
        ids: HashMap::new(),
        results: Vec::new(),
        failed: 0,
    };
    let mut operations: Vec<Option<_>> = message.operations.into_iter().map(Some).collect();
    run.results.resize_with(operations.len(), || None);
    for step in plan.steps() {
        if message.fail_on_errors.is_some_and(|most| run.failed >= most) {
            break;
        }
        let mut take = |index: usize| operations.get_mut(index).and_then(Option::take);
        match step {
            Step::Operation(index) => match take(*index) {
                Some(Ok(operation)) => run.operation(*index, operation).await,
                Some(Err(fault)) => {
                    let method = fault.method.map_or("", BulkMethod::as_str);
                    let head = Named {
                        method,
                        bulk_id: fault.bulk_id,
                        location: None,
                    };
                    run.fail(*index, head, fault.error.into());
                }
                None => {}
            },
            Step::Cycle(members) => {
                let circle = members
                    .iter()
                    .filter_map(|index| Some((*index, take(*index)?.ok()?)))
                    .collect();
                run.circle(circle).await;
            }
        }
    }
    let results: Vec<Value> = run.results.into_iter().flatten().map(Value::Object).collect();
    let body = json!({ "schemas": [urn::BULK_RESPONSE], "Operations": results });
    Ok(Answer::ok(body.to_string()))
}

/// 413 with both limits (RFC 7644 section 3.7.4).
pub(super) fn too_large(limits: &Limits) -> Fault {
    let (operations, bytes) = (limits.bulk_operations, limits.bulk_body);
    ScimError::new(
        413,
        format!("too large: maxOperations is {operations}, maxPayloadSize is {bytes}"),
    )
    .into()
}

struct Run<'a> {
    site: &'a Site,
    scope: &'a Scope,
    plan: &'a Plan,
    /// What was created under a bulkId.
    ids: HashMap<String, ResourceId>,
    results: Vec<Option<Map<String, Value>>>,
    failed: usize,
}

/// What a result repeats of its operation.
struct Named {
    method: &'static str,
    bulk_id: Option<String>,
    location: Option<String>,
}

struct Done {
    status: StatusCode,
    id: Option<ResourceId>,
    location: String,
    version: Option<Version>,
}

impl Run<'_> {
    async fn operation(&mut self, index: usize, operation: BulkOperation) {
        let mut named = Named {
            method: operation.method.as_str(),
            bulk_id: operation.bulk_id.clone(),
            location: None,
        };
        match self.attempt(index, operation, &mut named).await {
            Ok(done) => self.succeed(index, named, done),
            Err(fault) => self.fail(index, named, fault),
        }
    }

    async fn attempt(&self, index: usize, operation: BulkOperation, named: &mut Named) -> Result<Done, Fault> {
        if self.plan.is_unresolvable(index) {
            return Err(unresolved());
        }
        let lookup = |bulk_id: &str| self.ids.get(bulk_id).map(ResourceId::as_str);
        let path = substitute_path(&operation.path, &lookup).map_err(|_| unresolved())?;
        let mut data = operation.data.unwrap_or(Value::Null);
        substitute(&mut data, &lookup).map_err(|_| unresolved())?;
        let (site, scope) = (self.site, self.scope);
        let encoder = Encoder::new(site.base_url.as_str());
        let route = Route::parse(path.split('?').next().unwrap_or_default(), &site.kinds)?;
        let (kind, id) = match (route, operation.method) {
            (Route::Collection(kind), BulkMethod::Post) => {
                let (found, _) = create::provision(site, scope, &kind, data, Relations::NONE).await?;
                return Ok(created(&encoder, &kind, found.head.id, found.head.version));
            }
            (Route::Resource(kind, id), BulkMethod::Delete | BulkMethod::Patch | BulkMethod::Put) => (kind, id),
            _ => return Err(Fault::new(405, "the operation's method is not for its path")),
        };
        let location = encoder.location(&kind, &id);
        named.location = Some(location.clone());
        let precondition = Precondition::new(operation.version.as_deref().map(EntityTags::parse), None);
        let projection = Projection::Default;
        let target = Target {
            site,
            scope,
            kind: &kind,
            id,
            precondition,
            projection,
        };
        let answer = match operation.method {
            BulkMethod::Delete => delete::delete(target).await?,
            BulkMethod::Patch => patch::update(&target, patch::edit(&target, data)?.with_answer(None)).await?,
            _ => patch::update(&target, replace::edit(&target, data)?.with_answer(None)).await?,
        };
        let status = if operation.method == BulkMethod::Delete {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::OK
        };
        Ok(Done {
            status,
            id: None,
            location,
            version: answer.version,
        })
    }

    /// POSTs that refer to each other: their identifiers are made first, then all are created in one transaction.
    async fn circle(&mut self, circle: Vec<(usize, BulkOperation)>) {
        let indices: Vec<usize> = circle.iter().map(|(index, _)| *index).collect();
        let bulk_ids: Vec<Option<String>> = circle.iter().map(|(_, operation)| operation.bulk_id.clone()).collect();
        let outcome = self.attempt_circle(circle).await;
        for (place, (index, bulk_id)) in indices.into_iter().zip(bulk_ids).enumerate() {
            let named = Named {
                method: BulkMethod::Post.as_str(),
                bulk_id,
                location: None,
            };
            match &outcome {
                Ok(created) => {
                    if let Some((kind, id, version)) = created.get(place) {
                        let encoder = Encoder::new(self.site.base_url.as_str());
                        self.succeed(index, named, self::created(&encoder, kind, id.clone(), *version));
                    }
                }
                Err(error) => self.fail(index, named, error.clone().into()),
            }
        }
    }

    async fn attempt_circle(
        &self,
        circle: Vec<(usize, BulkOperation)>,
    ) -> Result<Vec<(Arc<ResourceType>, ResourceId, Version)>, ScimError> {
        let (site, scope) = (self.site, self.scope);
        if !site.store.capabilities().batch || circle.iter().any(|(index, _)| self.plan.is_unresolvable(*index)) {
            return Err(unresolved().error);
        }
        let own: HashMap<&str, ResourceId> = circle
            .iter()
            .filter_map(|(_, op)| Some((op.bulk_id.as_deref()?, scope.ids.next())))
            .collect();
        let lookup = |bulk_id: &str| {
            own.get(bulk_id)
                .or_else(|| self.ids.get(bulk_id))
                .map(ResourceId::as_str)
        };
        let refused = |error: StoreError| Fault::from(error).error;
        let mut writes = Vec::with_capacity(circle.len());
        let mut kinds = Vec::with_capacity(circle.len());
        for (_, operation) in &circle {
            let Ok(Route::Collection(kind)) = Route::parse(&operation.path, &site.kinds) else {
                return Err(ScimError::new(405, "the operation's method is not for its path"));
            };
            let mut data = operation.data.clone().unwrap_or(Value::Null);
            substitute(&mut data, &lookup).map_err(|_| unresolved().error)?;
            let mut draft = create::draft(site, &kind, data).map_err(|fault| fault.error)?;
            site.check_password(scope, draft.password.as_ref())
                .await
                .map_err(refused)?;
            draft.id = operation
                .bulk_id
                .as_deref()
                .and_then(|bulk_id| own.get(bulk_id))
                .cloned();
            kinds.push(kind);
            writes.push(Write::Create(draft));
        }
        let written = site.store.batch(scope, &writes).await.map_err(refused)?;
        let mut created = Vec::with_capacity(written.len());
        for ((written, write), kind) in written.into_iter().zip(&writes).zip(kinds) {
            if let (Written::Created(found), Write::Create(draft)) = (written, write) {
                site.set_password(scope, &found.head.id, draft.password.as_ref())
                    .await
                    .map_err(refused)?;
                created.push((kind, found.head.id, found.head.version));
            }
        }
        Ok(created)
    }

    fn succeed(&mut self, index: usize, named: Named, done: Done) {
        if let (Some(bulk_id), Some(id)) = (&named.bulk_id, &done.id) {
            self.ids.insert(bulk_id.clone(), id.clone());
        }
        let mut result = head(&named);
        result.insert("location".to_owned(), done.location.into());
        if let Some(version) = done.version {
            result.insert("version".to_owned(), version.etag().into());
        }
        result.insert("status".to_owned(), done.status.as_str().into());
        self.put(index, result);
    }

    fn fail(&mut self, index: usize, named: Named, fault: Fault) {
        self.failed += 1;
        let mut result = head(&named);
        if let Some(location) = named.location {
            result.insert("location".to_owned(), location.into());
        }
        result.insert("status".to_owned(), fault.error.status().to_string().into());
        result.insert("response".to_owned(), fault.error.to_json());
        self.put(index, result);
    }

    fn put(&mut self, index: usize, result: Map<String, Value>) {
        if let Some(slot) = self.results.get_mut(index) {
            *slot = Some(result);
        }
    }
}

fn created(encoder: &Encoder<'_>, kind: &ResourceType, id: ResourceId, version: Version) -> Done {
    let location = encoder.location(kind, &id);
    Done {
        status: StatusCode::CREATED,
        id: Some(id),
        location,
        version: Some(version),
    }
}

fn head(named: &Named) -> Map<String, Value> {
    let mut result = Map::new();
    if !named.method.is_empty() {
        result.insert("method".to_owned(), named.method.into());
    }
    if let Some(bulk_id) = &named.bulk_id {
        result.insert("bulkId".to_owned(), bulk_id.as_str().into());
    }
    result
}

/// RFC 7644 section 3.7.1: what cannot be resolved is a conflict.
fn unresolved() -> Fault {
    let detail = "the operation refers to a bulkId that was not created";
    ScimError::new(409, detail).into()
}
