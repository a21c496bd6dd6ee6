//! Predicates as conditions.

use std::collections::HashSet;

use scim_core::filter::{CompareOp, Operand, Predicate, Test};

use super::{
    Compiler, Written,
    place::{Context, Place},
    unsupported,
};

impl<'a> Compiler<'a> {
    /// Writes the condition of a predicate on the row: where `positive`, true exactly where it matches; else also false
    /// exactly where it does not.
    pub(crate) fn condition(&mut self, predicate: &Predicate, positive: bool) -> Written {
        self.predicate(predicate, &Context::Row, positive)
    }

    pub(super) fn predicate(&mut self, predicate: &Predicate, context: &Context<'a>, positive: bool) -> Written {
        match predicate {
            Predicate::All(list) => self.joined(list, " AND ", true, context, positive),
            Predicate::Any(list) => self.joined(list, " OR ", false, context, positive),
            Predicate::Always(answer) => {
                self.truth(*answer);
                Ok(())
            }
            Predicate::Not(inner) => {
                self.out.push("NOT (");
                self.predicate(inner, context, false)?;
                self.out.push(")");
                Ok(())
            }
            Predicate::Compare(test) => self.test(test, context, positive),
            Predicate::Present(locator) => {
                let place = self.find(locator, context)?;
                self.present(&place, locator, positive)
            }
            Predicate::Values(locator, inner) => match self.find(locator, context)? {
                Place::List(list) => self.any_element(&list, locator, inner, positive),
                Place::Whole(object) => {
                    self.out.push("(");
                    self.is_there(&object, &locator.attribute)?;
                    self.out.push(" AND ");
                    self.predicate(inner, &object, positive)?;
                    self.out.push(")");
                    Ok(())
                }
                Place::One(_) => Err(unsupported(locator.to_string())),
            },
        }
    }

    /// Where a locator ends: from the row, or from an element.
    pub(super) fn find(&self, locator: &scim_core::schema::Locator, context: &Context<'a>) -> Written<Place<'a>> {
        match context {
            Context::Row => self.place(locator),
            _ if locator.extension.is_some() || locator.sub.is_some() => Err(unsupported(locator.to_string())),
            element => self.within(element, &locator.attribute),
        }
    }

    fn test(&mut self, test: &Test, context: &Context<'a>, positive: bool) -> Written {
        match self.find(&test.locator, context)? {
            Place::One(leaf) => self.compare(&leaf, test, positive),
            Place::List(list) => self.any_value(&list, test, positive),
            // A complex value is of no operand's type.
            Place::Whole(object) => match (&test.operand, test.op) {
                (Operand::Null, CompareOp::Equal) => {
                    self.out.push("NOT (");
                    self.whole_present(&object, &test.locator.attribute)?;
                    self.out.push(")");
                    Ok(())
                }
                (Operand::Null, CompareOp::NotEqual) => self.whole_present(&object, &test.locator.attribute),
                (_, op) => {
                    self.truth(op == CompareOp::NotEqual);
                    Ok(())
                }
            },
        }
    }

    /// Terms that are the same are written once: `x and x` is `x`.
    fn joined(&mut self, list: &[Predicate], word: &str, none: bool, context: &Context<'a>, positive: bool) -> Written {
        let mut seen = HashSet::new();
        let is_new = |term: &&Predicate| list.len() == 1 || seen.insert(signature(term));
        let terms: Vec<&Predicate> = list.iter().filter(is_new).collect();
        self.tree(&terms, word, none, context, positive)
    }

    /// Long lists are written as a balanced tree, as SQLite limits how deep an expression may be.
    fn tree(&mut self, list: &[&Predicate], word: &str, none: bool, context: &Context<'a>, positive: bool) -> Written {
        const CHAIN: usize = 8;
        match list {
            [] => self.truth(none),
            [one] => self.predicate(one, context, positive)?,
            list => {
                self.out.push("(");
                let size = if list.len() <= CHAIN {
                    1
                } else {
                    list.len().div_ceil(CHAIN)
                };
                for (index, part) in list.chunks(size).enumerate() {
                    if index > 0 {
                        self.out.push(word);
                    }
                    self.tree(part, word, none, context, positive)?;
                }
                self.out.push(")");
            }
        }
        Ok(())
    }
}

/// A text that only equal predicates have.
fn signature(predicate: &Predicate) -> String {
    let mut out = String::new();
    sign(predicate, &mut out);
    out
}

fn sign(predicate: &Predicate, out: &mut String) {
    let mut many = |sign: char, list: &[Predicate]| {
        out.push(sign);
        for inner in list {
            sign_one(inner, out);
        }
    };
    match predicate {
        Predicate::All(list) => many('&', list),
        Predicate::Any(list) => many('|', list),
        Predicate::Always(answer) => out.push(if *answer { '1' } else { '0' }),
        Predicate::Compare(test) => {
            let Test {
                locator, op, operand, ..
            } = test;
            out.push_str(&format!("{locator} {op:?} {operand:?}"));
        }
        Predicate::Not(inner) => many('!', std::slice::from_ref(inner)),
        Predicate::Present(locator) => out.push_str(&format!("{locator} pr")),
        Predicate::Values(locator, inner) => {
            out.push_str(&locator.to_string());
            sign_one(inner, out);
        }
    }
}

fn sign_one(predicate: &Predicate, out: &mut String) {
    out.push('(');
    sign(predicate, out);
    out.push(')');
}
