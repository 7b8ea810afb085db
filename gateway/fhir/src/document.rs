//! A document that a party of a referral added, as R4 DocumentReference.

use loopgate_referral::{Attached, Attachment};

use crate::render::set_identity;
use crate::{Json, print_instant};

/// What a DocumentReference of ours says.
pub struct DocumentView<'a> {
    /// The document.
    pub attached: &'a Attached,
    /// The ServiceRequest of the reader's own chain.
    pub related: &'a str,
    /// The Patient.
    pub patient: &'a str,
    /// The Organization that added it.
    pub author: &'a str,
    /// Its bytes in base64, if they are to be in it.
    pub data: Option<&'a str>,
}

/// The DocumentReference.
pub fn document_reference(view: &DocumentView<'_>) -> Json {
    let Attached { at, attachment: Attachment { id, name, media, bytes, .. }, .. } = view.attached;
    let mut attachment = Json::object([("contentType", media.as_str().into())]);
    if let Some(data) = view.data {
        attachment.set("data", data.into());
    }
    attachment.set("size", Json::Number(bytes.to_string()));
    attachment.set("title", name.as_str().into());
    attachment.set("creation", print_instant(*at).into());
    let content = Json::object([("attachment", attachment)]);
    let related = Json::array([Json::reference(view.related)]);
    let mut document = Json::object([("resourceType", "DocumentReference".into())]);
    set_identity(&mut document, id, 1, *at);
    document.set("status", "current".into());
    document.set("subject", Json::reference(view.patient));
    document.set("date", print_instant(*at).into());
    document.set("author", Json::array([Json::reference(view.author)]));
    document.set("content", Json::array([content]));
    document.set("context", Json::object([("related", related)]));
    document
}
