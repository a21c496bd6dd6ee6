//! The contract of [`ScimStore`], point by point.

mod batch;
mod changes;
mod client;
mod guard;
mod members;
mod search;
mod tenants;
mod uniqueness;
mod writes;

use scim_store::ScimStore;

use crate::{FileReport, Outcome, Report, Verdict};

pub use changes::check_changes;
pub use guard::{Asked, check_guard};

/// Holds a store against the contract of [`ScimStore`]: versions, atomicity, uniqueness, members, searches, tenants, batches.
///
/// Each check works in tenants of its own under new random names, so that the store need not be empty; it must serve the
/// types of [`Registry::default`](scim_core::schema::Registry) and have no guard that says no. What a store does not
/// claim in its capabilities is checked to be refused.
///
/// ```
/// use scim_conformance::{block_on, check_store};
/// use scim_store::MemoryStore;
///
/// let report = block_on(check_store(&MemoryStore::new()));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_store(store: &dyn ScimStore) -> Report {
    let mut file = FileReport {
        file: "store".to_owned(),
        outcomes: Vec::new(),
    };
    macro_rules! check {
        ($($module:ident::$name:ident),+ $(,)?) => {
            $(file.outcomes.push(outcome(stringify!($name), $module::$name(store).await));)+
        };
    }
    check![
        writes::what_is_created_is_read_back,
        writes::a_change_moves_version_and_time,
        writes::a_change_of_nothing_moves_nothing,
        writes::a_condition_on_the_version_holds,
        writes::what_is_deleted_is_gone,
        writes::a_write_that_fails_leaves_nothing,
        writes::time_never_goes_back,
        writes::a_resource_is_of_one_type,
        uniqueness::a_name_is_taken_once,
        uniqueness::a_name_is_free_again,
        uniqueness::a_resource_may_keep_its_name,
        uniqueness::groups_of_one_name_are_told_apart_by_external_id,
        members::both_sides_show_the_relation,
        members::members_are_added_and_removed,
        members::members_that_are_there_already_change_nothing,
        members::members_that_do_not_exist_are_left_out,
        members::members_that_do_not_exist_are_refused,
        members::a_group_is_no_member_of_itself,
        members::the_type_of_a_member_is_that_of_the_resource,
        members::deleting_a_member_moves_its_groups,
        members::deleting_a_group_leaves_its_members,
        members::a_new_name_shows_everywhere,
        members::relations_are_given_as_asked,
        search::filters_find_what_matches,
        search::relations_can_be_searched_by,
        search::pages_by_number_are_cut_from_one_order,
        search::pages_by_cursor_visit_everything_once,
        search::an_order_is_kept,
        search::several_types_are_searched_at_once,
        tenants::a_tenant_sees_nothing_of_another,
        tenants::names_are_unique_within_a_tenant_only,
        tenants::members_do_not_cross_tenants,
        batch::all_is_done_or_none,
        batch::new_resources_may_name_each_other,
    ];
    Report { files: vec![file] }
}

pub(crate) fn outcome(id: &str, result: Result<(), String>) -> Outcome {
    let (verdict, problems) = match result {
        Ok(()) => (Verdict::Passed, Vec::new()),
        Err(problem) => (Verdict::Failed, vec![problem]),
    };
    Outcome {
        id: id.to_owned(),
        verdict,
        problems,
        notes: Vec::new(),
        expected: String::new(),
        got: String::new(),
    }
}
