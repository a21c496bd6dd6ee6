//! From names and literals to attributes and operands (decisions D3, D13, D15).

use std::sync::Arc;

use crate::{
    Dialect, InputError, ScimType,
    attr::AttrPath,
    datetime,
    filter::{CompareOp, Comparison, Filter, Literal, Operand, Predicate, Test, TextMode, ValuePath, compare},
    resource::boolean_text,
    schema::{Attribute, AttributeType, Located, Locator, ResourceType},
    span::Span,
};

/// What a filter is resolved against.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "made anew for each request from what the request says"
)]
pub struct FilterScope<'a> {
    /// The resource type.
    pub kind: &'a ResourceType,
    /// The tenant's dialect.
    pub dialect: &'a Dialect,
    /// The base URL that `$ref` and `meta.location` start with.
    pub base: &'a str,
    /// A search over several types: what a type does not have has no value there (RFC 7644 section 3.4.2.1).
    pub across_types: bool,
    /// The filter stands in a URL, where sensitive attributes must not (RFC 7644 section 7.5.2).
    pub in_url: bool,
}

impl Predicate {
    /// Resolves a filter.
    ///
    /// # Errors
    ///
    /// `invalidFilter` where a name is no attribute that can be read, or an operator or literal is not for its type;
    /// `sensitive` where the filter stands in a URL and names what must not.
    pub fn resolve(filter: &Filter, scope: &FilterScope<'_>) -> Result<Self, InputError> {
        scope.filter(filter)
    }

    /// Resolves the filter of a value path for elements of an attribute.
    ///
    /// # Errors
    ///
    /// As [`Predicate::resolve`].
    pub(crate) fn resolve_element(
        filter: &Filter,
        attribute: &Arc<Attribute>,
        scope: &FilterScope<'_>,
    ) -> Result<Self, InputError> {
        scope.element(filter, attribute)
    }
}

impl FilterScope<'_> {
    fn filter(&self, filter: &Filter) -> Result<Predicate, InputError> {
        Ok(match filter {
            Filter::And(list) => Predicate::All(list.iter().map(|inner| self.filter(inner)).collect::<Result<_, _>>()?),
            Filter::Or(list) => Predicate::Any(list.iter().map(|inner| self.filter(inner)).collect::<Result<_, _>>()?),
            Filter::Not(inner) => Predicate::Not(Box::new(self.filter(inner)?)),
            Filter::Present(path) => match self.locate(path)? {
                Some(locator) => Predicate::Present(self.referred(&locator).unwrap_or(locator)),
                None => Predicate::Always(false),
            },
            Filter::Compare(comparison) => match self.locate(&comparison.path)? {
                Some(locator) => self.compare(locator, comparison)?,
                None => without_value(comparison),
            },
            Filter::Values(ValuePath { path, filter, .. }) => {
                let Some(locator) = self.locate(path)? else {
                    return Ok(Predicate::Always(false));
                };
                if locator.sub.is_some() {
                    return Err(at(
                        path.span(),
                        "a value filter stands after an attribute, not after a sub-attribute",
                    ));
                }
                if !locator.attribute.is_complex() && !locator.attribute.multi_valued {
                    return Err(at(
                        path.span(),
                        "a value filter stands after a complex attribute or a list",
                    ));
                }
                let inner = self.element(filter, &locator.attribute)?;
                Predicate::Values(locator, Box::new(inner))
            }
        })
    }

    fn element(&self, filter: &Filter, attribute: &Arc<Attribute>) -> Result<Predicate, InputError> {
        let locate = |path: &AttrPath| {
            let simple =
                || (!attribute.is_complex() && path.name().eq_ignore_ascii_case("value")).then(|| renamed(attribute));
            let sub = attribute.sub(path.name()).map(Arc::clone).or_else(simple);
            let is_unknown = sub.is_none();
            match sub.filter(|sub| path.uri().is_none() && path.sub().is_none() && sub.is_readable()) {
                Some(attribute) => {
                    self.check_sensitive(&attribute)?;
                    Ok(Some(Locator {
                        extension: None,
                        attribute,
                        sub: None,
                    }))
                }
                // Other types may have it (RFC 7644 section 3.4.2.1).
                None if is_unknown && self.across_types => Ok(None),
                None => Err(at(
                    path.span(),
                    "the filter names a sub-attribute that the attribute does not have",
                )),
            }
        };
        // As `referred`, within an element.
        let referred = |locator: &Locator| {
            let is_ref = self.kind.is_relation(attribute) && locator.attribute.name == "$ref";
            let value = attribute.sub("value").filter(|_| is_ref)?;
            Some(Locator {
                extension: None,
                attribute: Arc::clone(value),
                sub: None,
            })
        };
        Ok(match filter {
            Filter::And(list) => Predicate::All(
                list.iter()
                    .map(|inner| self.element(inner, attribute))
                    .collect::<Result<_, _>>()?,
            ),
            Filter::Or(list) => Predicate::Any(
                list.iter()
                    .map(|inner| self.element(inner, attribute))
                    .collect::<Result<_, _>>()?,
            ),
            Filter::Not(inner) => Predicate::Not(Box::new(self.element(inner, attribute)?)),
            Filter::Present(path) => match locate(path)? {
                Some(locator) => Predicate::Present(referred(&locator).unwrap_or(locator)),
                None => Predicate::Always(false),
            },
            Filter::Compare(comparison) => match locate(&comparison.path)? {
                Some(locator) => match referred(&locator) {
                    Some(id) => self.reference(id, None, comparison)?,
                    None => self.test(locator, comparison)?,
                },
                None => without_value(comparison),
            },
            Filter::Values(values) => {
                return Err(at(
                    values.path.span(),
                    "a value filter cannot hold another value filter",
                ));
            }
        })
    }

    /// The attribute of a path; `None` only in a search across types.
    fn locate(&self, path: &AttrPath) -> Result<Option<Locator>, InputError> {
        let located = self.kind.locate(path, self.dialect.extension_shorthand);
        let Some(Located::Attribute(locator)) = located else {
            if self.across_types {
                return Ok(None);
            }
            return Err(at(
                path.span(),
                format!("the filter names an attribute that {} does not have", self.kind.name()),
            ));
        };
        // What is never returned cannot be probed either (decision D15).
        if !locator.attribute.is_readable() || !locator.leaf().is_readable() {
            return Err(at(
                path.span(),
                "the filter names an attribute that cannot be searched by",
            ));
        }
        self.check_sensitive(&locator.attribute)?;
        self.check_sensitive(locator.leaf())?;
        Ok(Some(locator))
    }

    fn check_sensitive(&self, attribute: &Attribute) -> Result<(), InputError> {
        if self.in_url && attribute.sensitive {
            return Err(InputError::new(
                ScimType::Sensitive,
                "the filter names a sensitive attribute: send it by POST to /.search instead",
            ));
        }
        Ok(())
    }

    fn compare(&self, mut locator: Locator, comparison: &Comparison) -> Result<Predicate, InputError> {
        if locator.sub.is_none() && locator.attribute.is_complex() {
            // `emails co "x"` compares by `value` (N07).
            let Some(value) = locator.attribute.sub("value") else {
                return Err(at(
                    comparison.path.span(),
                    "the attribute is complex: name one of its sub-attributes",
                ));
            };
            locator.sub = Some(Arc::clone(value));
        }
        if let Some(id) = self.referred(&locator) {
            let endpoint = is_location(&locator).then(|| self.kind.endpoint());
            return self.reference(id, endpoint, comparison);
        }
        self.test(locator, comparison)
    }

    /// `meta.location` and the `$ref` of relations are not stored: the identifier that they are made of is asked for instead.
    fn referred(&self, locator: &Locator) -> Option<Locator> {
        if is_location(locator) {
            let attribute = Arc::clone(self.kind.attribute("id")?);
            return Some(Locator {
                extension: None,
                attribute,
                sub: None,
            });
        }
        let is_ref = self.kind.is_relation(&locator.attribute) && locator.leaf().name == "$ref";
        let value = locator.attribute.sub("value").filter(|_| is_ref)?;
        Some(Locator {
            sub: Some(Arc::clone(value)),
            ..locator.clone()
        })
    }

    /// A reference compares as the identifier it ends with; a reference to elsewhere equals none.
    fn reference(&self, id: Locator, endpoint: Option<&str>, comparison: &Comparison) -> Result<Predicate, InputError> {
        let op = comparison.op;
        if !matches!(op, CompareOp::Equal | CompareOp::NotEqual) {
            return Err(at(comparison.path.span(), "references compare by eq and ne only"));
        }
        let operand = match &comparison.value {
            Literal::Null => Operand::Null,
            Literal::String(text) if text.is_empty() => Operand::Null,
            Literal::String(text) => match self.referenced_id(text, endpoint) {
                Some(id) => Operand::Text(id.into(), TextMode::Exact),
                None => return Ok(Predicate::Always(op == CompareOp::NotEqual)),
            },
            _ => return Err(at(comparison.value_span(), "the attribute compares with text")),
        };
        Ok(Predicate::Compare(Test::new(id, op, operand)))
    }

    /// The identifier of a reference below the base URL, perhaps of one endpoint only.
    fn referenced_id<'t>(&self, text: &'t str, endpoint: Option<&str>) -> Option<&'t str> {
        let path = text.strip_prefix(self.base).unwrap_or(text);
        let (segment, id) = path.strip_prefix('/').unwrap_or(path).split_once('/')?;
        let is_known = endpoint.is_none_or(|endpoint| endpoint.strip_prefix('/') == Some(segment));
        let is_one = !segment.is_empty() && !segment.contains(':') && !id.is_empty() && !id.contains('/');
        (is_known && is_one).then_some(id)
    }

    fn test(&self, locator: Locator, comparison: &Comparison) -> Result<Predicate, InputError> {
        use CompareOp::{Contains, EndsWith, Equal, NotEqual, StartsWith};
        let op = comparison.op;
        let leaf = locator.leaf();
        let equality = matches!(op, Equal | NotEqual);
        let partial = matches!(op, Contains | EndsWith | StartsWith);
        let refuse = |detail: &'static str| Err(at(comparison.value_span(), detail));
        let operand = match (leaf.kind, &comparison.value) {
            (_, Literal::Null) if equality => Operand::Null,
            (_, Literal::Null) => return refuse("null compares by eq and ne only"),
            (AttributeType::Boolean, _) if !equality => return refuse("Boolean attributes compare by eq and ne only"),
            (AttributeType::Boolean, Literal::Bool(value)) => Operand::Bool(*value),
            (AttributeType::Boolean, Literal::String(text)) if self.dialect.boolean_strings => match boolean_text(text)
            {
                Some(value) => Operand::Bool(value),
                None => return refuse("the attribute is Boolean: compare it with true or false"),
            },
            (AttributeType::Boolean, _) => return refuse("the attribute is Boolean: compare it with true or false"),
            (AttributeType::Decimal | AttributeType::Integer, _) if partial => {
                return refuse("numbers have no co, sw and ew");
            }
            (AttributeType::Decimal | AttributeType::Integer, Literal::Number(value)) => Operand::Number(value.clone()),
            (AttributeType::Decimal | AttributeType::Integer, _) => {
                return refuse("the attribute compares with a number");
            }
            (AttributeType::DateTime, _) if partial => return refuse("points in time have no co, sw and ew"),
            (AttributeType::DateTime, Literal::String(text)) => match datetime::parse(text) {
                Some(time) => Operand::Time(time),
                None => return refuse("the attribute compares with an xsd:dateTime such as 2008-01-23T04:56:22Z"),
            },
            (AttributeType::Binary, _) if !equality && !partial => {
                return refuse("binary attributes have no gt, ge, lt and le");
            }
            (AttributeType::Complex, _) => return refuse("the attribute is complex: name one of its sub-attributes"),
            (_, Literal::String(text)) => {
                let mode = text_mode(leaf);
                Operand::Text(compare::prepare(text, mode).into(), mode)
            }
            (_, _) => return refuse("the attribute compares with text"),
        };
        // The empty string is no value (N12): `eq ""` and `eq null` ask the same.
        let operand = match operand {
            Operand::Text(text, _) if text.is_empty() && equality => Operand::Null,
            operand => operand,
        };
        Ok(Predicate::Compare(Test::new(locator, op, operand)))
    }
}

/// What a comparison of no value anywhere comes to: only `ne` of something and `eq null` hold.
fn without_value(comparison: &Comparison) -> Predicate {
    let is_null = comparison.value == Literal::Null;
    Predicate::Always(match comparison.op {
        CompareOp::Equal => is_null,
        CompareOp::NotEqual => !is_null,
        _ => false,
    })
}

fn is_location(locator: &Locator) -> bool {
    locator.extension.is_none() && locator.attribute.name == "meta" && locator.leaf().name == "location"
}

pub(crate) fn text_mode(attribute: &Attribute) -> TextMode {
    if attribute.case_exact || attribute.kind != AttributeType::String {
        TextMode::Exact
    } else if crate::resource::is_user_name(attribute) {
        TextMode::UserName
    } else {
        TextMode::Folded
    }
}

fn renamed(attribute: &Attribute) -> Arc<Attribute> {
    let mut value = attribute.clone();
    value.name = "value".to_owned();
    value.multi_valued = false;
    Arc::new(value)
}

fn at(span: Span, detail: impl std::fmt::Display) -> InputError {
    InputError::filter(format!("{detail} (at byte {} of the filter)", span.start))
}
