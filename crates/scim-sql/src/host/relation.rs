//! Members and memberships in the SQL of one engine.

use crate::{
    host::{
        Link,
        map::Mapped,
        name::literal,
        shape::{Writer, is_core, joined, seen},
    },
    map::{self, Form, LinkMap, Rows},
};

impl Writer<'_> {
    /// What are members of rows of the type.
    pub(super) fn members(&self) -> Option<LinkMap> {
        let links = self.mapped.table.links.iter();
        let ends = links.filter_map(|link| Some((link, self.map.of(&link.kind)?)));
        let ends = ends.map(|(link, other)| Side {
            link,
            other,
            own: &link.group,
            end: &link.member,
        });
        self.relation(&ends.collect::<Vec<_>>(), None)
    }

    /// What rows of the type are members of; in the order of the groups' identifiers.
    pub(super) fn memberships(&self) -> Option<LinkMap> {
        self.mapped.kind().memberships()?;
        let groups = self.map.kinds.iter();
        let links = groups.flat_map(|group| group.table.links.iter().map(move |link| (link, group)));
        let links = links.filter(|(link, _)| link.kind == self.mapped.kind().name());
        let ends = links.map(|(link, other)| Side {
            link,
            other,
            own: &link.member,
            end: &link.group,
        });
        let order = format!("o.id{}", self.engine.binary());
        self.relation(&ends.collect::<Vec<_>>(), Some(order))
    }

    fn relation(&self, sides: &[Side<'_>], order: Option<String>) -> Option<LinkMap> {
        let key = &self.mapped.table.id.column;
        let kinds = sides.iter().map(|side| side.other.kind().name().to_owned()).collect();
        let row = format!("r.{key}");
        Some(match sides {
            [] => return None,
            [side] => LinkMap {
                rows: Rows {
                    from: format!(
                        "{} m JOIN {} ON o.k = m.{}",
                        side.link.table,
                        self.end(side.other),
                        side.end
                    ),
                    near: format!("m.{}", side.own),
                    row,
                    within: format!("m.{} IS NOT NULL", side.own),
                    order: order.unwrap_or_else(|| format!("m.{}", side.order())),
                },
                join: String::new(),
                other: self.key(&side.other.table.id, "o.k"),
                kind: literal(side.other.kind().name()),
                kinds,
                display: self.display(side.other),
            },
            sides => LinkMap {
                rows: Rows {
                    from: format!(
                        "({}) o",
                        sides
                            .iter()
                            .map(|side| self.part(side))
                            .collect::<Vec<_>>()
                            .join(" UNION ALL ")
                    ),
                    near: "o.g".to_owned(),
                    row,
                    within: "o.g IS NOT NULL".to_owned(),
                    order: order.unwrap_or_else(|| "o.place".to_owned()),
                },
                join: String::new(),
                other: map::Column::new(self.compared("o.id"), Form::Exact).filled(),
                kind: "o.kind".to_owned(),
                kinds,
                display: map::Column::new("o.display", Form::Shown),
            },
        })
    }

    /// Links of one table beside those of others.
    fn part(&self, side: &Side<'_>) -> String {
        format!(
            "SELECT m.{} AS g, o.id AS id, {} AS kind, o.display AS display, m.{} AS place FROM {} m JOIN {} ON o.k = m.{}",
            side.own,
            literal(side.other.kind().name()),
            side.order(),
            side.link.table,
            self.end(side.other),
            side.end,
        )
    }

    /// The rows of a type that this tenant may see, as the other end of a link, under the alias `o`.
    fn end(&self, other: &Mapped) -> String {
        let table = &other.table;
        let names = ["displayName", "userName"].map(|name| {
            let column = other.columns.iter().find(|(locator, _)| is_core(locator, name));
            column.map(|(_, column)| column.selected(self.engine, "r"))
        });
        let names: Vec<String> = names.into_iter().flatten().collect();
        let display = match names.as_slice() {
            [] => "CAST(NULL AS TEXT)".to_owned(),
            [one] => one.clone(),
            several => format!("COALESCE({})", several.join(", ")),
        };
        let folded = other
            .columns
            .iter()
            .find(|(locator, _)| is_core(locator, "displayName"));
        let folded = folded.and_then(|(_, column)| column.prepared("r"));
        let folded = folded.map_or_else(String::new, |folded| format!(", {folded} AS display_key"));
        format!(
            "(SELECT r.{} AS k, {} AS id, {display} AS display{folded} FROM {} WHERE {}) o",
            table.id.column,
            table.id.as_text("r"),
            joined(other),
            seen(other, self.engine),
        )
    }

    /// How members and memberships of a type are called, and by what that is compared: a name that may be of either
    /// attribute has no one way of comparing.
    fn display(&self, other: &Mapped) -> map::Column {
        let column = |name: &str| other.columns.iter().find(|(locator, _)| is_core(locator, name));
        let form = match (column("displayName"), column("userName")) {
            (Some((_, column)), None) if column.folded.is_some() => Form::Folded {
                prepared: self.compared("o.display_key"),
            },
            _ => Form::Shown,
        };
        map::Column::new("o.display", form)
    }
}

/// A table of links from one of its sides.
struct Side<'a> {
    link: &'a Link,
    /// The type at the other end.
    other: &'a Mapped,
    /// The column with the key of this side's row, and that of the other end's.
    own: &'a str,
    end: &'a str,
}

impl Side<'_> {
    fn order(&self) -> &str {
        self.link.order.as_ref().unwrap_or(&self.link.member)
    }
}
