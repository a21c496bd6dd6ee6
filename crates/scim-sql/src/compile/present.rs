//! Whether there is a value.

use scim_core::schema::{Attribute, Locator};
use serde_json::Value;

use super::{
    Compiler, Written,
    leaf::{Leaf, Text},
    place::{Context, Place},
    unsupported,
};
use crate::prepared::mark;

impl<'a> Compiler<'a> {
    /// Whether what a place names has a value that is not empty.
    pub(super) fn present(&mut self, place: &Place<'a>, locator: &Locator, positive: bool) -> Written {
        match place {
            Place::One(leaf) => self.present_leaf(leaf, positive),
            Place::List(list) => self.present_in(list, locator),
            Place::Whole(object) => self.whole_present(object, &locator.attribute),
        }
    }

    /// Whether a complex value is not empty: never NULL.
    pub(super) fn whole_present(&mut self, object: &Context<'a>, attribute: &Attribute) -> Written {
        match object {
            Context::Json(json) => {
                let engine = self.out.engine();
                let (value, mark) = (json.value(engine), json.text(engine, &mark("")));
                self.out.push(&format!("({value} IS NOT NULL AND {mark} IS NULL)"));
                Ok(())
            }
            Context::Columns(path) if path == "meta" => {
                self.truth(true);
                Ok(())
            }
            Context::Link(..) => {
                self.truth(true);
                Ok(())
            }
            Context::Row => Err(unsupported(attribute.name.as_str())),
            Context::Child(..) | Context::Columns(_) => self.one_of(object, attribute, Self::present_leaf),
        }
    }

    /// Writes that a condition holds for one of the values that an object has columns for: never NULL.
    fn one_of(
        &mut self,
        object: &Context<'a>,
        attribute: &Attribute,
        condition: impl Fn(&mut Self, &Leaf<'a>, bool) -> Written,
    ) -> Written {
        self.out.push("(FALSE");
        for sub in attribute.sub_attributes.iter().filter(|sub| sub.is_readable()) {
            // What has no place is never there.
            if let Ok(Place::One(leaf)) = self.within(object, sub) {
                self.out.push(" OR ");
                condition(self, &leaf, false)?;
            }
        }
        self.out.push(")");
        Ok(())
    }

    /// Whether a single complex attribute is there at all, empty or not: never NULL.
    pub(super) fn is_there(&mut self, object: &Context<'a>, attribute: &Attribute) -> Written {
        match object {
            Context::Json(json) => {
                let value = json.value(self.out.engine());
                self.out.push(&value).push(" IS NOT NULL");
                Ok(())
            }
            Context::Columns(path) if path != "meta" => self.one_of(object, attribute, Self::has_leaf),
            _ => self.whole_present(object, attribute),
        }
    }

    /// Whether there is a value at all, empty or not.
    fn has_leaf(&mut self, leaf: &Leaf<'a>, positive: bool) -> Written {
        match leaf {
            Leaf::Fixed(value) => self.truth(!value.is_null()),
            Leaf::Coded(sql, codes) => {
                let codes: Vec<&str> = codes.iter().map(|(code, _)| code.as_str()).collect();
                return self.among(sql, &codes, positive);
            }
            Leaf::Bool(sql) | Leaf::Shown(sql) | Leaf::Whole(sql) => self.template(&format!("{sql} IS NOT NULL")),
            Leaf::Text(text) => {
                let sql = text.raw.as_ref().unwrap_or(&text.sql);
                let mark = text.mark.as_ref().map(|mark| format!(" OR {mark} IS NOT NULL"));
                self.template(&format!("({sql} IS NOT NULL{})", mark.unwrap_or_default()));
            }
        }
        Ok(())
    }

    pub(super) fn present_leaf(&mut self, leaf: &Leaf<'a>, positive: bool) -> Written {
        match leaf {
            Leaf::Fixed(value) => self.truth(!is_empty(value)),
            Leaf::Coded(sql, codes) => {
                let codes = codes.iter().filter(|(_, value)| !is_empty(value));
                let codes: Vec<&str> = codes.map(|(code, _)| code.as_str()).collect();
                return self.among(sql, &codes, positive);
            }
            Leaf::Bool(sql) | Leaf::Whole(sql) => {
                self.template(sql);
                self.out.push(" IS NOT NULL");
            }
            Leaf::Shown(sql) => self.template(&format!("COALESCE({sql}, '') <> ''")),
            Leaf::Text(Text { is_filled: true, .. }) => self.truth(true),
            Leaf::Text(text) => {
                let sql = text.raw.as_ref().unwrap_or(&text.sql);
                match &text.mark {
                    Some(mark) => {
                        let both = format!("(COALESCE({sql}, '') <> '' OR {mark} IS NOT NULL)");
                        self.template(&both);
                    }
                    None => self.template(&format!("COALESCE({sql}, '') <> ''")),
                }
            }
        }
        Ok(())
    }

    pub(super) fn absent_leaf(&mut self, leaf: &Leaf<'a>) -> Written {
        self.out.push("NOT (");
        self.present_leaf(leaf, false)?;
        self.out.push(")");
        Ok(())
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}
