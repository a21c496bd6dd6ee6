//! What each route does: one verb of the store, once everything has been checked.

mod bulk;
mod create;
mod delete;
mod discover;
mod patch;
mod read;
mod replace;

use std::sync::Arc;

use http::{
    HeaderMap, HeaderName, Method,
    header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH},
    request::Parts,
};
use scim_core::{
    EntityTags, InputError, Limits, Precondition, ResourceId, ScimError,
    json::{self, JsonErrorKind, JsonLimits},
    resource::{Encoder, Projection},
    schema::ResourceType,
};
use scim_store::Scope;
use serde_json::Value;

pub(crate) use self::discover::{Advertised, Discovery};
use crate::{encode::Answer, fault::Fault, params::Params, route::Route, search::Search, site::Site};

/// Longest identifier that a store is asked for, in bytes.
const LONGEST_ID: usize = 1024;

/// One resource that a request is about, and what it says of it.
pub(crate) struct Target<'a> {
    pub(crate) site: &'a Site,
    pub(crate) scope: &'a Scope,
    pub(crate) kind: &'a Arc<ResourceType>,
    pub(crate) id: ResourceId,
    pub(crate) precondition: Precondition,
    pub(crate) projection: Projection,
}

/// Decodes the rest of the request and does what it asks for.
pub(crate) async fn call(site: &Site, scope: &Scope, route: Route, head: &Parts, body: &[u8]) -> Result<Answer, Fault> {
    let query = head.uri.query();
    let is_get = matches!(head.method, Method::GET | Method::HEAD);
    match route {
        Route::Bulk => {
            let body = read_body(site, &Route::Bulk, head, body)?;
            bulk::bulk(site, scope, body).await
        }
        Route::Collection(kind) if is_get => {
            let params = Params::from_query(query)?;
            let search = Search::new(site, scope, std::slice::from_ref(&kind), kind.endpoint(), &params)?;
            search.run(site, scope).await
        }
        Route::Collection(kind) => {
            let projection = Params::from_query(query)?.projection()?;
            let body = read_body(site, &Route::Collection(Arc::clone(&kind)), head, body)?;
            create::create(site, scope, &kind, body, &projection).await
        }
        Route::Me => {
            let me = scope
                .principal
                .me
                .clone()
                .zip(site.kinds.types().iter().find(|kind| kind.name() == "User"));
            let Some((id, kind)) = me else {
                return Err(Fault::new(501, "these credentials stand for no user"));
            };
            resource(site, scope, kind, id, head, body).await
        }
        Route::Resource(kind, id) => resource(site, scope, &kind, id, head, body).await,
        Route::ResourceTypes(_) | Route::Schemas(_) | Route::ServiceProviderConfig => {
            // RFC 7644 section 4: a filter here SHALL be refused, other parameters are ignored.
            if Params::from_query(query).map_or(true, |params| params.filter.is_some()) {
                return Err(Fault::new(403, "discovery endpoints take no filter"));
            }
            site.discovery().answer(&route)
        }
        Route::Root => {
            let params = Params::from_query(query)?;
            Search::new(site, scope, site.kinds.types(), "/", &params)?
                .run(site, scope)
                .await
        }
        Route::Search(kind) => {
            let value = read_body(site, &Route::Search(None), head, body)?;
            let params = Params::from_body(value, &site.dialect)?;
            let kinds = kind.as_ref().map_or_else(|| site.kinds.types(), std::slice::from_ref);
            let path = kind.as_ref().map_or("/", |kind| kind.endpoint());
            Search::new(site, scope, kinds, path, &params)?.run(site, scope).await
        }
    }
}

async fn resource(
    site: &Site,
    scope: &Scope,
    kind: &Arc<ResourceType>,
    id: ResourceId,
    head: &Parts,
    body: &[u8],
) -> Result<Answer, Fault> {
    if id.as_str().len() > LONGEST_ID {
        return Err(Fault::not_found());
    }
    let projection = Params::from_query(head.uri.query())?.projection()?;
    let precondition = Precondition::new(tags(&head.headers, IF_MATCH), tags(&head.headers, IF_NONE_MATCH));
    let target = Target {
        site,
        scope,
        kind,
        id,
        precondition,
        projection,
    };
    let location = Encoder::new(site.base_url.as_str()).location(kind, &target.id);
    let route = || Route::Resource(Arc::clone(kind), target.id.clone());
    let answer = match head.method {
        Method::DELETE => delete::delete(target).await,
        Method::PATCH => {
            let body = read_body(site, &route(), head, body)?;
            patch::patch(target, body).await
        }
        Method::PUT => {
            let body = read_body(site, &route(), head, body)?;
            replace::replace(target, body).await
        }
        _ => read::read(target).await,
    };
    // RFC 7644 section 3.11 asks for it behind `/Me`; sections 3.4.1, 3.5.1 and 3.5.2 show it in every answer.
    answer.map(|answer| answer.with_location(location))
}

/// The longest body of a route, in bytes.
pub(crate) fn body_limit(route: &Route, limits: &Limits) -> usize {
    match route {
        Route::Bulk => limits.bulk_body,
        Route::Collection(kind) | Route::Resource(kind, _) if kind.members().is_some() => limits.members_body,
        _ => limits.body,
    }
}

pub(crate) fn too_long(limit: usize) -> Fault {
    ScimError::new(413, format!("the body is longer than {limit} bytes")).into()
}

/// The body as JSON: its type, its size and its form checked, in this order.
fn read_body(site: &Site, route: &Route, head: &Parts, body: &[u8]) -> Result<Value, Fault> {
    if let Some(content_type) = head.headers.get(CONTENT_TYPE) {
        let essence = content_type
            .to_str()
            .unwrap_or_default()
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let is_json = ["application/scim+json", "application/json"]
            .iter()
            .any(|t| essence.eq_ignore_ascii_case(t));
        if !is_json {
            return Err(Fault::new(
                415,
                "the body must be application/scim+json or application/json",
            ));
        }
    }
    let limit = body_limit(route, &site.limits);
    if body.len() > limit {
        return Err(match route {
            Route::Bulk => bulk::too_large(&site.limits),
            _ => too_long(limit),
        });
    }
    let limits = JsonLimits::default().with_depth(site.limits.json_depth).with_array_len(
        site.limits
            .members
            .max(site.limits.values)
            .max(site.limits.patch_operations)
            .max(site.limits.bulk_operations),
    );
    json::parse(body, &limits).map_err(|error| match (error.kind(), route) {
        // Longer than any list may be, so the limits of lists are the ones to name.
        (JsonErrorKind::TooManyElements, Route::Bulk) => bulk::too_large(&site.limits),
        (JsonErrorKind::TooManyElements, _) => InputError::value(error.to_string()).into(),
        _ => InputError::syntax(error.to_string()).into(),
    })
}

fn tags(headers: &HeaderMap, name: HeaderName) -> Option<EntityTags> {
    let mut values = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .peekable();
    values.peek()?;
    let values: Vec<&str> = values.collect();
    Some(EntityTags::parse(&values.join(",")))
}
