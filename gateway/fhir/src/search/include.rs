//! `_include` and `_revinclude` (R4 search.html#include): `Type:param` or `Type:param:Target`.

use loopgate_referral::ResourceId;

use super::element::values;
use super::reference;
use crate::served::{Param, ParamKind};
use crate::{Json, Served};

/// A way from one resource to others, allowed by the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// The type that refers.
    pub source: &'static str,
    /// The parameter whose elements are followed.
    pub param: &'static Param,
    /// The type that may be reached; any if there is none.
    pub target: Option<String>,
    base: String,
}

impl Include {
    /// Reads the value of an `_include` if `allowed` has it, in full or without its target.
    pub(super) fn parse(value: &str, allowed: &[&str], base: &str) -> Option<Include> {
        let mut parts = value.split(':');
        let (source, param, target) = (parts.next()?, parts.next()?, parts.next());
        let stem = format!("{source}:{param}");
        let known = allowed.contains(&value) || allowed.contains(&stem.as_str());
        if parts.next().is_some() || !known {
            return None;
        }
        // So the guide spells it, in one place.
        let source = if source == "HealthCareService" { "HealthcareService" } else { source };
        let served = Served::of(source)?;
        let param = served.param(param).filter(|param| param.kind == ParamKind::Reference)?;
        let target_ok = target.is_none_or(|target| {
            param.targets.contains(&target)
                || param.targets.is_empty() && Served::of(target).is_some()
        });
        let (target, base) = (target.map(str::to_owned), base.to_owned());
        target_ok.then_some(Include { source: served.kind, param, target, base })
    }
}

/// The resources of this server that a resource refers to by an include, each once, in its order.
pub fn include_references(include: &Include, resource: &Json) -> Vec<ResourceId> {
    let mut found: Vec<ResourceId> = Vec::new();
    if resource.text("resourceType") != Some(include.source) {
        return found;
    }
    for element in include.param.paths.iter().flat_map(|path| values(resource, path)) {
        let to = reference::resource(include.param, &include.base, element);
        let to = to.filter(|to| include.target.as_deref().is_none_or(|kind| to.kind() == kind));
        found.extend(to.filter(|to| !found.contains(to)));
    }
    found
}
