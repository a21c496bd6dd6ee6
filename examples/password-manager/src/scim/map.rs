//! Which column of the product's tables is which attribute of SCIM.

use std::sync::Arc;

use scim_sql::host::{Column, ColumnMap, Key, Link, List, MapError, Table, TimeForm, WriteMap};

use super::{Kinds, MEMBER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// What has no column here (addresses, phone numbers, a manager) is kept by the library beside the tables.
pub(crate) fn map(kinds: &Kinds) -> Result<ColumnMap, MapError> {
    ColumnMap::with_sidecar([members(kinds), teams(kinds)])
}

fn members(kinds: &Kinds) -> Table {
    Table::new(Arc::clone(&kinds.user), "members", Key::integer("id").prefix("m"))
        .tenant(Key::text("org"))
        .times(
            Column::time("created_at", TimeForm::Millis),
            Column::time("changed_at", TimeForm::Millis),
        )
        .column("userName", folded("user_name", "user_key"))
        .column("displayName", folded("display_name", "display_key"))
        .column("name.givenName", folded("given_name", "given_key"))
        .column("name.familyName", folded("family_name", "family_key"))
        .column("title", folded("title", "title_key"))
        .column("externalId", Column::text("external_id"))
        .column(
            "active",
            Column::codes("status", [("active", true), ("suspended", false)]),
        )
        .column(
            &format!("{ENTERPRISE}:department"),
            folded("department", "department_key"),
        )
        .column(&format!("{MEMBER}:role"), Column::text("role").read_only())
        .column(&format!("{MEMBER}:origin"), Column::text("origin").read_only())
        .list(
            "emails",
            List::rows("member_emails", "member_id", "position")
                .column("value", folded("address", "address_key"))
                .column("type", folded("kind", "kind_key"))
                .column("display", folded("label", "label_key"))
                .column("primary", Column::boolean("is_primary")),
        )
        .writable(
            WriteMap::new()
                .otherwise("status", "active")
                .otherwise("role", "member")
                .otherwise("origin", "scim")
                // PostgreSQL tells the name of an index, SQLite its columns.
                .unique("members_user_name", "userName")
                .unique("members.org, members.user_key", "userName"),
        )
}

fn teams(kinds: &Kinds) -> Table {
    Table::new(Arc::clone(&kinds.group), "teams", Key::integer("id").prefix("t"))
        .tenant(Key::text("org"))
        .times(
            Column::time("created_at", TimeForm::Millis),
            Column::time("changed_at", TimeForm::Millis),
        )
        .column("displayName", folded("name", "name_key"))
        .column("externalId", Column::text("external_id"))
        .members(Link::new("team_members", "team_id", "member_id", "User").order("position"))
        .members(Link::new("team_teams", "outer_id", "inner_id", "Group").order("position"))
        .writable(WriteMap::new())
}

fn folded(column: &str, key: &str) -> Column {
    Column::text(column).folded(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_names_attributes_that_there_are() {
        map(&Kinds::get().unwrap()).unwrap();
    }
}
