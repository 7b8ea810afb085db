//! One parameter of a search: what is asked of which elements.

use loopgate_referral::Timestamp;

use super::date::{DateValue, ranges};
use super::element::{Form, form, has_value, is_canonical, values};
use super::reference::{self, RefValue};
use super::split::split;
use super::terms::Term;
use super::text::{How, StringValue, normalized};
use super::token::{OfType, TokenValue, text_starts};
use super::uri::{Level, UriValue};
use super::{VALUES_MAX, unreadable, unsupported_name};
use crate::served::{Param, ParamKind};
use crate::{Fault, IssueCode, Json, RefText, Served};

/// A parameter and what is asked; alternatives are `any`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Criterion {
    param: &'static Param,
    test: Test,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    Missing(bool),
    Id(Vec<String>),
    Token(Vec<TokenValue>),
    /// No value is any of these, which is so of no value at all.
    NotToken(Vec<TokenValue>),
    TokenText(Vec<String>),
    OfType(Vec<OfType>),
    Reference(Vec<RefValue>),
    RefIdentifier(Vec<TokenValue>),
    Date(Vec<DateValue>),
    String(Vec<StringValue>),
    Uri(Vec<UriValue>),
    Composite(Vec<(TokenValue, TokenValue)>),
}

impl Criterion {
    /// Reads a parameter; `name` is as it was given, with its modifier.
    pub(super) fn parse(
        served: &'static Served,
        name: &str,
        value: &str,
        base: &str,
    ) -> Result<Criterion, Fault> {
        let (bare, modifier) = match name.split_once(':') {
            Some((bare, modifier)) => (bare, Some(modifier)),
            None => (name, None),
        };
        let param = served.param(bare).ok_or_else(|| unsupported_name(name))?;
        let read = Read { served, param, name, value };
        let test = match (modifier, param.kind) {
            (Some("missing"), _) => read.missing()?,
            (None, _) if param.name == "_id" => Test::Id(read.any(read_id)?),
            (modifier, ParamKind::Token) => read.token(modifier)?,
            (modifier, ParamKind::Reference) => read.reference(modifier, base)?,
            (modifier, ParamKind::String) => read.string(modifier)?,
            (modifier, ParamKind::Uri) => read.uri(modifier)?,
            (None, ParamKind::Date) => Test::Date(read.any(DateValue::parse)?),
            (None, ParamKind::Composite) => Test::Composite(read.any(read_composite)?),
            (Some(_), ParamKind::Date | ParamKind::Composite) => {
                return Err(unsupported_name(name));
            }
        };
        Ok(Criterion { param, test })
    }

    /// Whether a resource of the type is found.
    pub(super) fn matches(&self, served: &Served, base: &str, resource: &Json) -> bool {
        let param = self.param;
        let elements = || param.paths.iter().flat_map(|path| values(resource, path));
        let any_token = |any: &[TokenValue]| {
            let mut paths = param.paths.iter();
            paths.any(|path| any.iter().any(|value| value.is_at(served, resource, path)))
        };
        match &self.test {
            Test::Missing(missing) => is_missing(served, param, resource) == *missing,
            Test::Id(any) => any.iter().any(|id| resource.text("id") == Some(id)),
            Test::Token(any) => any_token(any),
            Test::NotToken(any) => !any_token(any),
            Test::TokenText(any) => {
                elements().any(|element| any.iter().any(|text| text_starts(element, text)))
            }
            Test::OfType(any) => {
                elements().any(|element| any.iter().any(|asked| asked.is(element)))
            }
            Test::Reference(any) => {
                elements().any(|element| any.iter().any(|asked| asked.is_in(param, base, element)))
            }
            Test::RefIdentifier(any) => elements()
                .filter(|element| reference::is_value(param, element))
                .filter_map(|element| element.get("identifier"))
                .any(|found| any.iter().any(|asked| asked.is_in(Form::Coded, found))),
            Test::Date(any) => param
                .paths
                .iter()
                .flat_map(|path| ranges(served, resource, path))
                .any(|found| any.iter().any(|asked| asked.matches(found))),
            Test::String(any) => param.paths.iter().any(|path| {
                let is_family = path.ends_with("family");
                let found = values(resource, path).into_iter().filter_map(Json::as_str);
                let mut found = found.into_iter();
                found.any(|text| any.iter().any(|asked| asked.matches(text, is_family)))
            }),
            Test::Uri(any) => elements()
                .filter_map(Json::as_str)
                .any(|uri| any.iter().any(|asked| asked.matches(uri, resource))),
            Test::Composite(any) => parts(param, resource).into_iter().any(|part| {
                any.iter().any(|(first, second)| {
                    let (head, rest) = head_and_rest(param);
                    let is_at = |value: &TokenValue, path: &str| {
                        let form = form(served, &below(param, path));
                        values(part, path).into_iter().any(|element| value.is_in(form, element))
                    };
                    is_at(first, head) && rest.iter().any(|path| is_at(second, path))
                })
            }),
        }
    }

    /// The ids asked for.
    pub(super) fn ids(&self) -> Option<&[String]> {
        match &self.test {
            Test::Id(ids) => Some(ids),
            _ => None,
        }
    }

    /// No match changed before this instant.
    pub(super) fn updated_from(&self) -> Option<Timestamp> {
        match &self.test {
            Test::Date(any) if self.param.name == "_lastUpdated" => {
                any.iter().map(DateValue::lowest).min().flatten()
            }
            _ => None,
        }
    }

    /// One of these is a term of every match; `None` if there is no telling.
    pub(super) fn terms(&self) -> Option<Vec<Term>> {
        let texts: Option<Vec<String>> = match &self.test {
            Test::Token(any) => any.iter().map(|one| Some(one.code()?.to_owned())).collect(),
            Test::OfType(any) => any.iter().map(|one| Some(one.value().to_owned())).collect(),
            Test::Reference(any) => any.iter().map(|one| Some(one.term())).collect(),
            Test::Uri(any) => any.iter().map(|one| Some(one.whole()?.to_owned())).collect(),
            _ => None,
        };
        let param = self.param.name;
        Some(texts?.into_iter().map(|text| Term { param, text }).collect())
    }
}

/// The elements that a match of a composite lies in: the resource itself, if it says no other.
fn parts<'a>(param: &Param, resource: &'a Json) -> Vec<&'a Json> {
    if param.base.is_empty() { vec![resource] } else { values(resource, param.base) }
}

/// The path of the first part of a composite, and those of the second.
fn head_and_rest(param: &'static Param) -> (&'static str, &'static [&'static str]) {
    param.paths.split_first().map_or(("", &[]), |(head, rest)| (*head, rest))
}

/// A path of a composite, from the resource.
fn below(param: &Param, path: &str) -> String {
    if param.base.is_empty() { path.to_owned() } else { format!("{}.{path}", param.base) }
}

fn is_missing(served: &Served, param: &'static Param, resource: &Json) -> bool {
    let mut paths = param.paths.iter();
    match param.kind {
        ParamKind::Date => !paths.any(|path| !ranges(served, resource, path).is_empty()),
        ParamKind::Composite => {
            let (head, rest) = head_and_rest(param);
            let has = |part: &Json, path: &str| values(part, path).into_iter().any(has_value);
            !parts(param, resource)
                .into_iter()
                .any(|part| has(part, head) && rest.iter().any(|path| has(part, path)))
        }
        kind => {
            let is_value = |element: &Json| match kind {
                ParamKind::Reference => reference::is_value(param, element),
                _ => has_value(element),
            };
            !paths.any(|path| values(resource, path).into_iter().any(is_value))
        }
    }
}

/// One parameter while it is read.
struct Read<'a> {
    served: &'static Served,
    param: &'static Param,
    name: &'a str,
    value: &'a str,
}

impl Read<'_> {
    /// The alternatives, divided by commas.
    fn any<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Fault> {
        let parts = split(self.value, ',');
        if parts.len() > VALUES_MAX {
            let words = format!("search parameter {} has too many values", self.name);
            return Err(Fault::new(IssueCode::TooCostly, "", words));
        }
        let read: Option<Vec<T>> = parts.into_iter().map(read).collect();
        read.ok_or_else(|| unreadable(self.name))
    }

    fn missing(&self) -> Result<Test, Fault> {
        match self.value {
            "true" => Ok(Test::Missing(true)),
            "false" => Ok(Test::Missing(false)),
            _ => Err(unreadable(self.name)),
        }
    }

    fn token(&self, modifier: Option<&str>) -> Result<Test, Fault> {
        let forms: Vec<Form> =
            self.param.paths.iter().map(|path| form(self.served, path)).collect();
        let all = |wanted: Form| forms.iter().all(|form| *form == wanted);
        let says_system = forms.iter().any(|form| matches!(form, Form::Coded | Form::Code(_)));
        let token = |text: &str| {
            let read = TokenValue::parse(text, !says_system)?;
            let ok = !all(Form::Boolean) || matches!(read.code(), Some("true" | "false"));
            ok.then_some(read)
        };
        match modifier {
            None => Ok(Test::Token(self.any(token)?)),
            Some("not") if self.param.name != "_id" => Ok(Test::NotToken(self.any(token)?)),
            Some("text") if all(Form::Coded) => {
                let start = |text: &str| {
                    let text = normalized(&super::split::unescape(text)?);
                    (!text.is_empty()).then_some(text)
                };
                Ok(Test::TokenText(self.any(start)?))
            }
            Some("of-type") if self.param.name == "identifier" => {
                Ok(Test::OfType(self.any(OfType::parse)?))
            }
            Some(_) => Err(unsupported_name(self.name)),
        }
    }

    fn reference(&self, modifier: Option<&str>, base: &str) -> Result<Test, Fault> {
        let canonical = self.param.paths.iter().all(|path| is_canonical(self.served, path));
        let targets = self.param.targets;
        let kind = match modifier {
            None => None,
            Some("identifier") if !canonical => {
                let token = |text: &str| TokenValue::parse(text, false);
                return Ok(Test::RefIdentifier(self.any(token)?));
            }
            Some(kind) => {
                let known = targets.is_empty() || targets.contains(&kind);
                if !known || RefText::of(&format!("{kind}/1")).is_none() || canonical {
                    return Err(unsupported_name(self.name));
                }
                Some(kind)
            }
        };
        let reference = |text: &str| RefValue::parse(text, base, kind, canonical);
        Ok(Test::Reference(self.any(reference)?))
    }

    fn string(&self, modifier: Option<&str>) -> Result<Test, Fault> {
        let how = match modifier {
            None => How::Start,
            Some("contains") => How::Anywhere,
            Some("exact") => How::Exact,
            Some(_) => return Err(unsupported_name(self.name)),
        };
        Ok(Test::String(self.any(|text| StringValue::parse(text, how))?))
    }

    fn uri(&self, modifier: Option<&str>) -> Result<Test, Fault> {
        let level = match modifier {
            None => Level::Same,
            Some("below") => Level::Below,
            Some("above") => Level::Above,
            Some(_) => return Err(unsupported_name(self.name)),
        };
        Ok(Test::Uri(self.any(|text| UriValue::parse(text, level))?))
    }
}

fn read_id(text: &str) -> Option<String> {
    crate::shape::is_id(text).then(|| text.to_owned())
}

fn read_composite(text: &str) -> Option<(TokenValue, TokenValue)> {
    let [first, second] = split(text, '$')[..] else { return None };
    Some((TokenValue::parse(first, false)?, TokenValue::parse(second, false)?))
}
