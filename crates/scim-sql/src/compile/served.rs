//! Whether an index finds what a predicate matches, so that not every row has to be looked at.

use scim_core::filter::{CompareOp, Operand, Predicate, Test};

use super::{
    Compiler, Written,
    leaf::Leaf,
    list::element_test,
    place::{List, Place},
};
use crate::map::{Lookup, Source};

/// How far an index narrows down the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    /// Not at all, or to two halves.
    None,
    /// To a range of values.
    Range,
    /// To those with one value.
    Equal,
}

impl<'a> Compiler<'a> {
    /// What indexes do for a predicate on the row.
    pub(crate) fn service(&self, predicate: &Predicate) -> Written<Service> {
        Ok(match predicate {
            Predicate::All(list) => {
                let mut best = Service::None;
                for inner in list {
                    best = best.max(self.service(inner)?);
                }
                best
            }
            Predicate::Any(list) => {
                let mut worst = Service::Equal;
                for inner in list {
                    worst = worst.min(self.service(inner)?);
                }
                worst
            }
            Predicate::Always(false) => Service::Equal,
            Predicate::Always(true) | Predicate::Not(_) | Predicate::Present(_) => Service::None,
            Predicate::Compare(test) => self.service_of_test(test)?,
            Predicate::Values(locator, inner) => match self.place(locator)? {
                Place::List(list) if self.indexed_part(&list, locator, inner)?.is_some() => Service::Equal,
                _ => Service::None,
            },
        })
    }

    fn service_of_test(&self, test: &Test) -> Written<Service> {
        use CompareOp::{Equal, GreaterOrEqual, GreaterThan, LessOrEqual, LessThan, StartsWith};
        Ok(match (self.place(&test.locator)?, test.op, &test.operand) {
            (_, _, Operand::Null) => Service::None,
            (Place::One(Leaf::Text(text)), Equal, Operand::Text(operand, mode)) => {
                let by_lookup = text
                    .lookup
                    .is_some_and(|(lookup, longest)| matches!(lookup, Lookup::Column(_)) && operand.len() <= longest);
                match (text.is_indexed || by_lookup) && *mode == text.mode {
                    true => Service::Equal,
                    false => Service::None,
                }
            }
            (Place::One(Leaf::Text(text)), StartsWith, Operand::Text(operand, _))
                if text.has_order() && !operand.is_empty() =>
            {
                Service::Range
            }
            (Place::One(Leaf::Whole(_)), Equal, _) if self.has_index(test) => Service::Equal,
            (Place::One(Leaf::Whole(_)), GreaterThan | GreaterOrEqual | LessThan | LessOrEqual, _)
                if self.has_index(test) =>
            {
                Service::Range
            }
            (Place::List(list), Equal, _) => self.service_of_list(&list, test)?,
            _ => Service::None,
        })
    }

    fn service_of_list(&self, list: &List<'a>, test: &Test) -> Written<Service> {
        let inner = Predicate::Compare(element_test(test));
        let found = self.indexed_part(list, &test.locator, &inner)?;
        Ok(if found.is_some() { Service::Equal } else { Service::None })
    }

    fn has_index(&self, test: &Test) -> bool {
        let column = self.map.sources.get(&test.locator.to_string());
        matches!(column, Some(Source::Column(column)) if column.is_indexed)
    }
}
