//! Conditions on the values of lists: one of them matches.

use std::sync::Arc;

use scim_core::{
    filter::{CompareOp, Operand, Predicate, Test},
    schema::{Attribute, Locator},
};

use super::{
    Compiler, Written,
    leaf::{Json, Leaf},
    place::{Context, List, Place},
};
use crate::map::{Lookup, Rows};

impl<'a> Compiler<'a> {
    /// A comparison with each value; a list without any is compared as one value that is none.
    pub(super) fn any_value(&mut self, list: &List<'a>, test: &Test, positive: bool) -> Written {
        let inner = element_test(test);
        let leaf = Arc::clone(&inner.locator.attribute);
        let holds_for_none = match (test.op, &test.operand) {
            (CompareOp::Equal, operand) => *operand == Operand::Null,
            (CompareOp::NotEqual, operand) => *operand != Operand::Null,
            _ => false,
        };
        if holds_for_none {
            self.out.push("(");
            self.is_without(list)?;
            self.out.push(" OR ");
        }
        if test.locator.sub.is_none() && test.locator.attribute.is_complex() {
            // Elements are objects, which are of no operand's type.
            let attribute = Arc::clone(&test.locator.attribute);
            self.exists(list, false, |this, element| match (test.op, &test.operand) {
                (CompareOp::Equal, Operand::Null) => {
                    this.out.push("NOT (");
                    this.whole_present(&element, &attribute)?;
                    this.out.push(")");
                    Ok(())
                }
                (CompareOp::NotEqual, Operand::Null) => this.whole_present(&element, &attribute),
                (op, _) => {
                    this.truth(op == CompareOp::NotEqual);
                    Ok(())
                }
            })?;
        } else {
            let inner = Predicate::Compare(inner);
            // A list in an element compares with nothing here; within a value filter its values do.
            match leaf.multi_valued && test.locator.sub.is_some() {
                true => self.exists(list, false, |this, element| this.nested(&element, &leaf, test))?,
                false => self.any_element(list, &test.locator, &inner, positive)?,
            }
        }
        if holds_for_none {
            self.out.push(")");
        }
        Ok(())
    }

    /// Whether one element matches. Where an index finds the rows of such elements, the rows are looked for by it.
    pub(super) fn any_element(
        &mut self,
        list: &List<'a>,
        locator: &Locator,
        inner: &Predicate,
        positive: bool,
    ) -> Written {
        let joins = looks_at_other_end(inner);
        let found = if positive {
            self.indexed_part(list, locator, inner)?
        } else {
            None
        };
        match (list.rows(), found) {
            (Some(rows), Some(_)) => {
                let element = list.element();
                self.belongs(rows, list.join(joins), |this| this.predicate(inner, &element, true))
            }
            (None, Some((test, Some(Lookup::Child { rows, value })))) => {
                let is_all = matches!(inner, Predicate::Compare(_));
                let Operand::Text(text, _) = &test.operand else {
                    return self.exists(list, joins, |this, element| this.predicate(inner, &element, true));
                };
                self.out.push(if is_all { "" } else { "(" });
                self.belongs(rows, "", |this| {
                    this.template(value);
                    this.out.push(" = ").bind(&**text);
                    Ok(())
                })?;
                if !is_all {
                    self.out.push(" AND ");
                    self.exists(list, joins, |this, element| this.predicate(inner, &element, true))?;
                    self.out.push(")");
                }
                Ok(())
            }
            _ => self.exists(list, joins, |this, element| this.predicate(inner, &element, true)),
        }
    }

    /// Presence in a list.
    pub(super) fn present_in(&mut self, list: &List<'a>, locator: &Locator) -> Written {
        let leaf = element_leaf(locator);
        let attribute = Arc::clone(&locator.attribute);
        let is_whole = locator.sub.is_none() && attribute.is_complex();
        let joins = !is_whole && leaf.name != "value";
        self.exists(list, joins, |this, element| {
            if is_whole {
                return this.whole_present(&element, &attribute);
            }
            match this.within(&element, &leaf)? {
                Place::List(_) => this.nested_present(&element, &leaf),
                place => this.present(&place, locator, true),
            }
        })
    }

    /// The part of a condition on elements that an index serves, with the index where it is one beside a document.
    pub(super) fn indexed_part<'p>(
        &self,
        list: &List<'a>,
        locator: &Locator,
        inner: &'p Predicate,
    ) -> Written<Option<(&'p Test, Option<&'a Lookup>)>> {
        match inner {
            Predicate::Compare(test) => self.indexed_test(list, locator, test),
            Predicate::All(all) => {
                for inner in all {
                    if let Some(found) = self.indexed_part(list, locator, inner)? {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn indexed_test<'p>(
        &self,
        list: &List<'a>,
        locator: &Locator,
        test: &'p Test,
    ) -> Written<Option<(&'p Test, Option<&'a Lookup>)>> {
        let (CompareOp::Equal, Operand::Text(text, mode)) = (test.op, &test.operand) else {
            return Ok(None);
        };
        if let List::Json(_) = list {
            let whole = Locator::clone(locator);
            let path = match (whole.attribute.is_complex(), &whole.extension) {
                (true, None) => format!("{}.{}", whole.attribute.name, test.locator.attribute.name),
                (true, Some(urn)) => format!("{}:{}.{}", urn.id, whole.attribute.name, test.locator.attribute.name),
                (false, None) => whole.attribute.name.clone(),
                (false, Some(urn)) => format!("{}:{}", urn.id, whole.attribute.name),
            };
            let is_fit = |longest: usize| text.len() <= longest && !text.contains('\0');
            let is_prepared = scim_core::filter::TextMode::of(&test.locator.attribute) == *mode;
            return Ok(match self.lookup(&path) {
                Some((lookup @ Lookup::Child { .. }, longest)) if is_fit(longest) && is_prepared => {
                    Some((test, Some(lookup)))
                }
                _ => None,
            });
        }
        let is_indexed = match self.within(&list.element(), &test.locator.attribute)? {
            Place::One(Leaf::Text(text)) => text.is_indexed && text.mode == *mode,
            _ => false,
        };
        Ok(is_indexed.then_some((test, None)))
    }

    /// Whether there is no element at all.
    fn is_without(&mut self, list: &List<'a>) -> Written {
        match list {
            List::Json(json) => {
                let value = json.value(self.out.engine());
                self.out.push(&value).push(" IS NULL");
                Ok(())
            }
            _ => {
                self.out.push("NOT ");
                self.exists(list, false, |this, _| {
                    this.truth(true);
                    Ok(())
                })
            }
        }
    }

    /// Writes that an element exists for which a condition holds.
    pub(super) fn exists(
        &mut self,
        list: &List<'a>,
        joins: bool,
        condition: impl FnOnce(&mut Self, Context<'a>) -> Written,
    ) -> Written {
        self.out.push("EXISTS (SELECT 1 FROM ");
        let element = self.from(list, joins);
        if let Some(rows) = list.rows() {
            self.tie(rows);
            self.out.push(" AND ");
        }
        self.depth += 1;
        condition(self, element)?;
        self.depth -= 1;
        self.out.push(")");
        Ok(())
    }

    /// Writes what follows FROM for the elements of a list, and WHERE.
    pub(super) fn from(&mut self, list: &List<'a>, joins: bool) -> Context<'a> {
        if let List::Json(json) = list {
            let alias = format!("e{}", self.depth);
            let elements = json.elements(self.out.engine(), &alias);
            self.out.push(&elements).push(" WHERE ");
            return Context::Json(Json::new(&format!("{alias}.value")));
        }
        if let Some(rows) = list.rows() {
            self.template(&rows.from);
            self.out.push(" ");
            self.template(list.join(joins));
            self.out.push(" WHERE ");
        }
        list.element()
    }

    /// Writes that rows of another table belong to the row.
    pub(super) fn tie(&mut self, rows: &Rows) {
        self.out.push(&rows.near).push(" = ").push(&rows.row).push(" AND ");
        self.template(&rows.within);
    }

    /// Writes that the row is one to which rows belong for which a condition holds: the index on them finds it.
    fn belongs(&mut self, rows: &Rows, join: &str, condition: impl FnOnce(&mut Self) -> Written) -> Written {
        self.out
            .push(&rows.row)
            .push(" IN (SELECT ")
            .push(&rows.near)
            .push(" FROM ");
        self.template(&rows.from);
        self.out.push(" ");
        self.template(join);
        self.out.push(" WHERE ");
        self.template(&rows.within);
        self.out.push(" AND ");
        self.depth += 1;
        condition(self)?;
        self.depth -= 1;
        self.out.push(")");
        Ok(())
    }

    /// A list within an element, as an operand sees it.
    fn nested(&mut self, element: &Context<'a>, attribute: &Attribute, test: &Test) -> Written {
        match (test.op, &test.operand) {
            (CompareOp::Equal, Operand::Null) => {
                self.out.push("NOT (");
                self.nested_present(element, attribute)?;
                self.out.push(")");
                Ok(())
            }
            (CompareOp::NotEqual, Operand::Null) => self.nested_present(element, attribute),
            (op, _) => {
                self.truth(op == CompareOp::NotEqual);
                Ok(())
            }
        }
    }

    fn nested_present(&mut self, element: &Context<'a>, attribute: &Attribute) -> Written {
        match element {
            Context::Json(json) => {
                let leaf = Leaf::of_json(json, attribute, self.out.engine());
                self.present_leaf(&leaf, true)
            }
            _ => Err(super::unsupported(attribute.name.as_str())),
        }
    }
}

/// The attribute that values of a list are compared by; a simple value stands under `value`.
pub(super) fn element_leaf(locator: &Locator) -> Arc<Attribute> {
    match &locator.sub {
        Some(sub) => Arc::clone(sub),
        None if locator.attribute.is_complex() => Arc::clone(&locator.attribute),
        None => {
            let mut value = Attribute::clone(&locator.attribute);
            "value".clone_into(&mut value.name);
            value.multi_valued = false;
            Arc::new(value)
        }
    }
}

/// A comparison with the values of a list, as one of an element.
pub(super) fn element_test(test: &Test) -> Test {
    let mut inner = test.clone();
    inner.locator.attribute = element_leaf(&test.locator);
    inner.locator.extension = None;
    inner.locator.sub = None;
    inner
}

/// Whether a condition on an element of a relation looks at more than its identifier.
fn looks_at_other_end(inner: &Predicate) -> bool {
    match inner {
        Predicate::All(list) | Predicate::Any(list) => list.iter().any(looks_at_other_end),
        Predicate::Always(_) => false,
        Predicate::Compare(test) => test.locator.attribute.name != "value",
        Predicate::Not(inner) => looks_at_other_end(inner),
        Predicate::Present(locator) | Predicate::Values(locator, _) => locator.attribute.name != "value",
    }
}
