//! The library's own tables, as the compiler sees them.

use std::{collections::HashMap, sync::Arc};

use scim_core::{
    filter::TextMode,
    schema::{Attribute, AttributeType, Registry, ResourceType},
};

use super::{Column, Form, LinkMap, Lookup, Rows, Source, TableMap};
use crate::prepared::LABEL;

/// Values of more bytes are not in `display_name`, `external_id` and `scim_value`: no index takes much longer ones.
pub(crate) const LONGEST_LOOKED_UP: usize = 1000;

/// The list whose values are rows of `scim_value`.
const LOOKED_UP: &str = "emails";

/// The map of a type; `schema` stands before the names of tables.
pub(crate) fn table_map(kind: &ResourceType, kinds: &Registry, schema: &str, engine: crate::Engine) -> TableMap {
    let sources = sources(kind, schema);
    let columns = ["kind", "id", "version", "created", "modified", "public", "hidden"];
    let members = kind.members().map(|_| LinkMap {
        rows: Rows {
            from: format!("{schema}scim_member m"),
            near: "m.group_id".to_owned(),
            row: "r.id".to_owned(),
            within: "m.tenant = {tenant}".to_owned(),
            order: "m.place".to_owned(),
        },
        other: Column::new("m.member_id", Form::Exact).indexed().filled(),
        ..link(schema, "m.member_id", kinds, engine)
    });
    let memberships = kind.memberships().map(|_| LinkMap {
        rows: Rows {
            from: format!("{schema}scim_member m"),
            near: "m.member_id".to_owned(),
            row: "r.id".to_owned(),
            within: "m.tenant = {tenant}".to_owned(),
            order: "m.group_id".to_owned(),
        },
        ..link(schema, "m.group_id", kinds, engine)
    });
    TableMap {
        from: format!("{schema}scim_resource r"),
        visible: "r.tenant = {tenant} AND r.kind = {kind}".to_owned(),
        columns: columns.into_iter().map(|column| format!("r.{column}")).collect(),
        id: Column::new("r.id", Form::Exact).indexed().filled(),
        place: "r.place".to_owned(),
        across: None,
        total: Some(format!(
            "SELECT CAST(COALESCE(SUM(c.total), 0) AS BIGINT) FROM {schema}scim_count c WHERE c.tenant = {{tenant}} AND c.kind = {{kind}}"
        )),
        stretches: Some(format!(
            "SELECT c.stretch, SUM(c.total) AS number FROM {schema}scim_count c WHERE c.tenant = {{tenant}} AND c.kind = {{kind}} GROUP BY c.stretch"
        )),
        sources,
        document: Some("r.search".to_owned()),
        members,
        memberships,
    }
}

/// Whether an attribute stands in a column only, so that the document need not hold it.
pub(crate) fn has_own_column(kind: &ResourceType, path: &str) -> bool {
    match path {
        "userName" => user_name(kind).is_some(),
        "active" => single(kind, "active", AttributeType::Boolean).is_some(),
        _ => false,
    }
}

fn sources(kind: &ResourceType, schema: &str) -> HashMap<String, Source> {
    let mut sources = HashMap::new();
    let mut column = |path: &str, column: Column| sources.insert(path.to_owned(), Source::Column(column));
    if let Some(attribute) = user_name(kind) {
        let user_name = Column::new("r.user_name", Form::Prepared).indexed();
        let user_name = if attribute.required {
            user_name.filled()
        } else {
            user_name
        };
        column("userName", user_name);
    }
    if single(kind, "active", AttributeType::Boolean).is_some() {
        column("active", Column::new("r.active", Form::Bool).indexed());
    }
    column("meta.created", Column::new("r.created", Form::Millis).filled());
    column(
        "meta.lastModified",
        Column::new("r.modified", Form::Millis).indexed().filled(),
    );
    let version = "'W/\"' || CAST(r.version AS TEXT) || '\"'";
    column("meta.version", Column::new(version, Form::Exact).filled());

    let mut index = |path: String, lookup: Lookup| {
        let longest = LONGEST_LOOKED_UP;
        sources.insert(path, Source::Indexed { lookup, longest })
    };
    for (name, sql, mode) in [
        ("displayName", "r.display_name", TextMode::Folded),
        ("externalId", "r.external_id", TextMode::Exact),
    ] {
        if single(kind, name, AttributeType::String).is_some_and(|attribute| TextMode::of(attribute) == mode) {
            index(name.to_owned(), Lookup::Column(sql.to_owned()));
        }
    }
    if looked_up(kind).is_some() {
        let rows = Rows {
            from: format!("{schema}scim_value v"),
            near: "v.id".to_owned(),
            row: "r.id".to_owned(),
            within: format!("v.tenant = {{tenant}} AND v.kind = {{kind}} AND v.attribute = '{LOOKED_UP}.value'"),
            order: "v.value".to_owned(),
        };
        let value = "v.value".to_owned();
        index(format!("{LOOKED_UP}.value"), Lookup::Child { rows, value });
    }
    sources
}

fn single<'k>(kind: &'k ResourceType, name: &str, wanted: AttributeType) -> Option<&'k Arc<Attribute>> {
    let attribute = kind.attribute(name)?;
    (attribute.name == name && attribute.kind == wanted && !attribute.multi_valued).then_some(attribute)
}

fn user_name(kind: &ResourceType) -> Option<&Arc<Attribute>> {
    let attribute = single(kind, "userName", AttributeType::String)?;
    (TextMode::of(attribute) == TextMode::UserName).then_some(attribute)
}

/// The values that stand in `scim_value`, where the type has them.
fn looked_up(kind: &ResourceType) -> Option<&Arc<Attribute>> {
    let attribute = kind.attribute(LOOKED_UP)?;
    let value = attribute.sub("value")?;
    let is_text = value.kind == AttributeType::String && value.name == "value" && !value.multi_valued;
    (attribute.name == LOOKED_UP && attribute.multi_valued && is_text && !kind.is_relation(attribute)).then_some(value)
}

/// A link whose other end is a resource of ours.
fn link(schema: &str, other: &str, kinds: &Registry, engine: crate::Engine) -> LinkMap {
    let label = engine.json_text("o.search", &[LABEL]);
    let display_name = engine.json_text("o.search", &["displayName"]);
    let prepared = format!("COALESCE({label}, {display_name}, o.user_name)");
    LinkMap {
        rows: Rows {
            from: String::new(),
            near: String::new(),
            row: String::new(),
            within: String::new(),
            order: String::new(),
        },
        join: format!("JOIN {schema}scim_resource o ON o.tenant = m.tenant AND o.id = {other}"),
        other: Column::new(other, Form::Exact).indexed().filled(),
        kind: "o.kind".to_owned(),
        kinds: kinds.types().iter().map(|kind| kind.name().to_owned()).collect(),
        display: Column::new("o.label", Form::Folded { prepared }),
    }
}
