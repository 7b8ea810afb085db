//! What an index can know of a resource without holding it: the code of a token, the id of a
//! reference, a URI. A term narrows a search down and decides nothing; `Search::matches` does.

use super::element::{form, values};
use super::{reference, token};
use crate::served::ParamKind;
use crate::{Json, Served};

/// A term of the search index. Its text is of the message: never stored in the clear.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// The parameter.
    pub param: &'static str,
    /// A code in lower case, the last part of a reference, a URI.
    pub text: String,
}

/// The terms of a resource, each once. Of `_id`, dates, strings and composites there are none.
pub fn index_terms(served: &Served, resource: &Json) -> Vec<Term> {
    let mut terms = Vec::new();
    for param in served.params {
        for path in param.paths {
            let elements = values(resource, path).into_iter();
            let texts: Vec<String> = match param.kind {
                ParamKind::Token => {
                    let form = form(served, path);
                    elements.flat_map(|element| token::codes(form, element)).collect()
                }
                ParamKind::Reference => {
                    elements.filter_map(|element| reference::term(param, element)).collect()
                }
                ParamKind::Uri => {
                    elements.filter_map(|element| element.as_str().map(str::to_owned)).collect()
                }
                ParamKind::Date | ParamKind::String | ParamKind::Composite => Vec::new(),
            };
            terms.extend(texts.into_iter().map(|text| Term { param: param.name, text }));
        }
    }
    terms.sort();
    terms.dedup();
    terms
}
