//! Parameters to a query, and a page of it to an answer.

use std::sync::Arc;

use scim_core::{
    InputError, ScimType,
    attr::AttrPath,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, QueryPage, Relations, Target},
    resource::{Encoder, ListHead, Projection},
    schema::ResourceType,
    sort::SortKey,
};
use scim_store::Scope;

use crate::{Pagination, cursor::Cursor, encode::Answer, fault::Fault, params::Params, site::Site};

/// A search that is ready to be asked of the store.
pub(crate) struct Search {
    query: Query,
    projection: Projection,
    start: Start,
}

/// Where a page starts.
enum Start {
    Cursor {
        /// What its cursors are good for.
        binding: Vec<u8>,
        /// How many match, where an earlier page counted them.
        total: Option<usize>,
    },
    /// The index of its first resource, from 1.
    Index(usize),
}

impl Search {
    /// Resolves the parameters for these types.
    pub(crate) fn new(
        site: &Site,
        scope: &Scope,
        kinds: &[Arc<ResourceType>],
        path: &str,
        params: &Params,
    ) -> Result<Self, Fault> {
        let projection = params.projection()?;
        let targets = targets(site, kinds, params)?;
        let (page, start) = page(site, scope, path, params)?;
        let mut query = Query::new(targets, page);
        query.sorted = params.sort_by.is_some();
        query.descending = params.descending;
        query.look_through = site.limits.look_through;
        query.relations = kinds
            .iter()
            .map(|kind| relations(site, kind, &projection))
            .fold(Relations::NONE, |all, one| {
                Relations::new(all.members.max(one.members), all.memberships || one.memberships)
            });
        Ok(Self {
            query,
            projection,
            start,
        })
    }

    /// Asks the store and writes the list.
    pub(crate) async fn run(self, site: &Site, scope: &Scope) -> Result<Answer, Fault> {
        let QueryPage { total, items, next, .. } = site.store.query(scope, &self.query).await?;
        let mut head = ListHead {
            total,
            ..ListHead::default()
        };
        let mut sealed = None;
        match self.start {
            Start::Index(start) => head.start_index = Some(start),
            Start::Cursor {
                binding,
                total: counted,
            } => {
                head.total = counted.or(total);
                if let (Some(position), Page::Cursor { count, .. }) = (next, &self.query.page) {
                    let lifetime = i64::from(site.limits.cursor_seconds);
                    let cursor = Cursor {
                        position,
                        count: *count,
                        total: head.total,
                        expires: scope.now.timestamp().saturating_add(lifetime),
                    };
                    let unavailable = || Fault::new(503, "temporarily unavailable: try again later");
                    sealed = Some(site.seal.seal(&cursor, &binding).ok_or_else(unavailable)?);
                }
            }
        }
        head.next_cursor = sealed.as_deref();
        let size: usize = items.iter().map(|found| found.stored.public.len() + 384).sum();
        let mut out = Vec::with_capacity(size + 256);
        Encoder::new(site.base_url.as_str()).list(head, items.iter(), &self.projection, &mut out);
        Ok(Answer::ok(out))
    }
}

/// The relations that an answer with this projection shows; groups that the tenant is not served are out of sight (D53).
pub(crate) fn relations(site: &Site, kind: &ResourceType, projection: &Projection) -> Relations {
    let wants = |attribute: Option<&Arc<scim_core::schema::Attribute>>| {
        attribute.is_some_and(|attribute| projection.wants(kind, attribute))
    };
    Relations::new(
        wants(kind.members()).then_some(usize::MAX),
        has_groups(site) && wants(kind.memberships()),
    )
}

fn has_groups(site: &Site) -> bool {
    site.kinds.types().iter().any(|kind| kind.members().is_some())
}

fn targets(site: &Site, kinds: &[Arc<ResourceType>], params: &Params) -> Result<Vec<Target>, Fault> {
    let across_types = kinds.len() > 1;
    let filter = match &params.filter {
        None => None,
        Some(text) => {
            let limits = site.filter_limits(params.in_url);
            Some(Filter::parse_with(text, &limits).map_err(|error| InputError::filter(error.to_string()))?)
        }
    };
    let sort = match &params.sort_by {
        None => None,
        Some(text) => {
            Some(AttrPath::parse(text).map_err(|_| InputError::path("`sortBy` must be the path of an attribute"))?)
        }
    };
    let capabilities = site.store.capabilities();
    if sort.is_some() && !capabilities.sorts() {
        return Err(InputError::path("sorting is not supported: see ServiceProviderConfig").into());
    }
    if filter.is_some() && !capabilities.filters() {
        return Err(InputError::filter("filters are not supported: see ServiceProviderConfig").into());
    }
    let has_groups = has_groups(site);
    let mut targets = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let scope = FilterScope {
            kind,
            dialect: &site.dialect,
            base: site.base_url.as_str(),
            across_types,
            in_url: params.in_url,
        };
        let predicate = filter
            .as_ref()
            .map(|filter| Predicate::resolve(filter, &scope))
            .transpose()?;
        let sort = match &sort {
            None => None,
            Some(path) if across_types => SortKey::locate_across(path, kind, &site.dialect)?,
            Some(path) => Some(SortKey::locate(path, kind, &site.dialect)?),
        };
        if let Some(groups) = kind.memberships().filter(|_| !has_groups) {
            // What is not answered cannot be probed (D15, D53).
            let detail = "groups are not provisioned: nothing is found or sorted by them";
            if predicate.as_ref().is_some_and(|predicate| predicate.reads(groups)) {
                return Err(InputError::filter(detail).into());
            }
            if sort.as_ref().is_some_and(|sort| Arc::ptr_eq(&sort.attribute, groups)) {
                return Err(InputError::path(detail).into());
            }
        }
        targets.push(Target::new(Arc::clone(kind), predicate, sort));
    }
    Ok(targets)
}

fn page(site: &Site, scope: &Scope, path: &str, params: &Params) -> Result<(Page, Start), InputError> {
    let limits = &site.limits;
    let by_default = params.start_index.is_none() && site.pagination == Pagination::Cursor;
    let cursor = match &params.cursor {
        Some(_) if params.start_index.is_some() => {
            return Err(InputError::value("`cursor` and `startIndex` exclude each other"));
        }
        Some(_) if !site.store.capabilities().cursors => {
            return Err(InputError::value(
                "pages by cursor are not supported: see ServiceProviderConfig",
            ));
        }
        Some(cursor) => cursor.as_str(),
        None if by_default && site.store.capabilities().cursors => "",
        None => {
            // RFC 7644 section 3.4.2.4: below 1 is 1, a negative count is 0, a large one is cut.
            let start = usize::try_from(params.start_index.unwrap_or(1)).unwrap_or(1).max(1);
            let count = params.count.map_or(limits.default_page, |count| {
                usize::try_from(count.max(0)).unwrap_or(usize::MAX)
            });
            let count = count.min(limits.max_page);
            return Ok((Page::Index { start, count }, Start::Index(start)));
        }
    };
    let refuse = |detail: String| Err(InputError::new(ScimType::InvalidCount, detail));
    let count = match params.count {
        None => limits.default_page.min(limits.max_page),
        Some(count) => match usize::try_from(count) {
            Ok(count) if count <= limits.max_page => count,
            _ => return refuse(format!("`count` must be between 0 and {}", limits.max_page)),
        },
    };
    let binding = binding(scope, path, params);
    if cursor.is_empty() {
        let start = Start::Cursor { binding, total: None };
        return Ok((Page::Cursor { after: None, count }, start));
    }
    let opened = site.seal.open(cursor, &binding, scope.now)?;
    if params.count.is_some() && opened.count != count {
        return refuse(format!("`count` must be that of the first page: {}", opened.count));
    }
    let page = Page::Cursor {
        after: Some(opened.position),
        count: opened.count,
    };
    let total = opened.total;
    Ok((page, Start::Cursor { binding, total }))
}

/// What a cursor is good for: this tenant and caller, with these permissions, on this endpoint with this filter and order.
fn binding(scope: &Scope, path: &str, params: &Params) -> Vec<u8> {
    let epoch = scope.principal.epoch.to_string();
    let order = if params.descending { "descending" } else { "ascending" };
    let parts = [
        Some(scope.tenant().as_str()),
        Some(&scope.principal.name),
        Some(&epoch),
        Some(path),
        params.filter.as_deref(),
        params.sort_by.as_deref(),
        Some(order),
    ];
    let mut binding = Vec::new();
    for part in parts {
        // Lengths keep the parts apart; an absent part is no empty part.
        binding.extend(part.map_or(u64::MAX, |part| part.len() as u64).to_be_bytes());
        binding.extend(part.unwrap_or_default().as_bytes());
    }
    binding
}
