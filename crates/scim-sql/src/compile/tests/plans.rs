//! Which searches an index serves.

use std::sync::Arc;

use scim_core::query::{Page, Position, Target};

use super::{kind, map, plan, query, session};
use crate::{Engine, compile::Search, compile::served::Service};

fn plan_of(name: &str, filter: Option<&str>, sort: Option<&str>, page: Page) -> (String, Service) {
    let (kind, mut session) = (kind(name), session());
    let map = map(&kind);
    let query = query(&kind, filter, sort, page);
    let search = Search::new(Engine::Sqlite, "t", &query, |_| Some(Arc::clone(&map))).unwrap();
    let side = &search.sides[0];
    let (start, _) = search.start();
    let statement = search.page_of_one(side, &start, 10).unwrap();
    (plan(&mut session, &statement), side.service)
}

const FIRST: Page = Page::Index { start: 1, count: 10 };

#[test]
fn filters_find_rows_by_their_index() {
    for (name, filter, index) in [
        ("User", "id eq \"1\"", "(tenant=? AND id=?)"),
        ("User", "id sw \"1\"", "(tenant=? AND id>? AND id<?)"),
        (
            "User",
            "userName eq \"Ann\"",
            "scim_resource_user_name (tenant=? AND kind=? AND user_name=?)",
        ),
        (
            "User",
            "userName sw \"A\"",
            "scim_resource_user_name (tenant=? AND kind=? AND user_name>? AND user_name<?)",
        ),
        (
            "User",
            "externalId eq \"1\"",
            "scim_resource_external_id (tenant=? AND kind=? AND external_id=?)",
        ),
        (
            "Group",
            "displayName eq \"G\"",
            "scim_resource_display_name (tenant=? AND kind=? AND display_name=?)",
        ),
        (
            "User",
            "emails eq \"a\"",
            "USING PRIMARY KEY (tenant=? AND kind=? AND attribute=? AND value=?)",
        ),
        (
            "User",
            "emails.value eq \"a\"",
            "USING PRIMARY KEY (tenant=? AND kind=? AND attribute=? AND value=?)",
        ),
        (
            "User",
            "emails[type eq \"work\" and value eq \"a\"]",
            "USING PRIMARY KEY (tenant=? AND kind=? AND attribute=? AND value=?)",
        ),
        (
            "User",
            "active eq true",
            "scim_resource_active (tenant=? AND kind=? AND active=?)",
        ),
        (
            "User",
            "meta.lastModified gt \"2026-01-02T03:04:05Z\"",
            "scim_resource_modified (tenant=? AND kind=? AND modified>?)",
        ),
        (
            "User",
            "meta.lastModified ge \"2026-01-02T03:04:05Z\" and meta.lastModified lt \"2026-01-03T03:04:05Z\"",
            "scim_resource_modified (tenant=? AND kind=? AND modified>? AND modified<?)",
        ),
        (
            "Group",
            "members.value eq \"1\"",
            "scim_member_groups (tenant=? AND member_id=?)",
        ),
        (
            "Group",
            "members[value eq \"1\" and type eq \"User\"]",
            "(tenant=? AND member_id=?)",
        ),
        ("User", "groups.value eq \"1\"", "(tenant=? AND group_id=?)"),
        (
            "User",
            "userName eq \"a\" and title co \"x\"",
            "scim_resource_user_name",
        ),
        ("User", "userName eq \"a\" or externalId eq \"a\"", "MULTI-INDEX OR"),
    ] {
        let (plan, service) = plan_of(name, Some(filter), None, FIRST);
        assert!(plan.contains(index), "{filter}:\n{plan}");
        assert!(!plan.contains("SCAN r"), "{filter}:\n{plan}");
        let is_narrow = !filter.contains("active");
        assert_eq!(service > Service::None, is_narrow, "{filter}");
    }
}

#[test]
fn what_no_index_serves_is_known() {
    for filter in [
        "title eq \"x\"",
        "userName ne \"x\"",
        "userName co \"x\"",
        "not (userName eq \"x\")",
        "userName eq \"x\" or title eq \"x\"",
        "userName eq null",
        "externalId sw \"x\"",
        "emails.value sw \"x\"",
        "emails[type eq \"work\"]",
        "emails[value eq \"a\" or type eq \"work\"]",
        "meta.created gt \"2026-01-02T03:04:05Z\"",
        "active eq true",
    ] {
        let (_, service) = plan_of("User", Some(filter), None, FIRST);
        assert_eq!(service, Service::None, "{filter}");
    }
    assert_eq!(plan_of("User", None, Some("title"), FIRST).1, Service::None);
    assert_eq!(plan_of("User", None, Some("userName"), FIRST).1, Service::Range);
    assert_eq!(plan_of("User", None, None, FIRST).1, Service::Range);
}

#[test]
fn pages_in_the_order_of_creation_are_read_from_their_index() {
    let after = Some(Position::new("[7,100,4,null,7,0]"));
    for page in [
        FIRST,
        Page::Index {
            start: 100_000,
            count: 10,
        },
        Page::Cursor { after: None, count: 10 },
        Page::Cursor { after, count: 10 },
    ] {
        let (plan, _) = plan_of("User", None, None, page.clone());
        assert!(
            plan.contains("scim_resource_place (tenant=? AND kind=?"),
            "{page:?}:\n{plan}"
        );
        if !matches!(page, Page::Index { start: 100_000, .. }) {
            assert!(!plan.contains("TEMP B-TREE"), "{page:?}:\n{plan}");
        }
    }
    let page = Page::Cursor {
        after: Some(Position::new("[7,100,4,null,7,0]")),
        count: 10,
    };
    let (plan, _) = plan_of("User", None, None, page);
    assert!(
        plan.contains("scim_resource_place (tenant=? AND kind=? AND place>?)"),
        "{plan}"
    );
}

#[test]
fn skipped_rows_are_only_counted() {
    let (plan, _) = plan_of(
        "User",
        None,
        None,
        Page::Index {
            start: 100_000,
            count: 10,
        },
    );
    assert!(plan.contains("USING COVERING INDEX scim_resource_place"), "{plan}");
}

#[test]
fn rows_of_a_page_over_several_types_are_found_by_their_places() {
    let (users, groups, mut session) = (kind("User"), kind("Group"), session());
    let mut query = query(&users, None, None, FIRST);
    query.targets.push(Target::new(groups, None, None));
    let search = Search::new(Engine::Sqlite, "t", &query, |kind| Some(map(kind))).unwrap();
    assert_eq!(search.sides.len(), 2);
    for side in &search.sides {
        let plan = plan(&mut session, &search.rows_at(side, [7, 9].into_iter()).unwrap());
        let is_found = plan.contains("INTEGER PRIMARY KEY (rowid=?)") || plan.contains("AND place=?)");
        assert!(is_found, "{plan}");
    }
}

#[test]
fn an_order_by_user_name_is_read_from_its_index() {
    for page in [FIRST, Page::Cursor { after: None, count: 10 }] {
        let (plan, _) = plan_of("User", None, Some("userName"), page);
        assert!(plan.contains("scim_resource_user_name (tenant=? AND kind=?)"), "{plan}");
        assert!(!plan.contains("FOR ORDER BY"), "{plan}");
    }
}
