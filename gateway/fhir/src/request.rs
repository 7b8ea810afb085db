//! SDOHCC ServiceRequest: what is asked for.

use loopgate_referral::NeedCode;

use crate::code::{CONTACT_PROHIBITED, SDOHCC, codings};
use crate::fault::Faults;
use crate::party::{literal, literals};
use crate::task::of_kind;
use crate::{Fault, Json, Resource};

/// `ServiceRequest.status` (<http://hl7.org/fhir/request-status>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the names are the standard's
pub enum RequestStatus {
    Draft,
    Active,
    OnHold,
    Revoked,
    Completed,
    EnteredInError,
    Unknown,
}

impl RequestStatus {
    const ALL: [RequestStatus; 7] = [
        RequestStatus::Draft,
        RequestStatus::Active,
        RequestStatus::OnHold,
        RequestStatus::Revoked,
        RequestStatus::Completed,
        RequestStatus::EnteredInError,
        RequestStatus::Unknown,
    ];

    /// The FHIR code.
    pub fn code(self) -> &'static str {
        match self {
            RequestStatus::Draft => "draft",
            RequestStatus::Active => "active",
            RequestStatus::OnHold => "on-hold",
            RequestStatus::Revoked => "revoked",
            RequestStatus::Completed => "completed",
            RequestStatus::EnteredInError => "entered-in-error",
            RequestStatus::Unknown => "unknown",
        }
    }
}

/// A ServiceRequest, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestIn {
    /// Where it stands; the requester's alone.
    pub status: RequestStatus,
    /// `intent`, any of FHIR's codes.
    pub intent: String,
    /// The text of its reference to a Patient.
    pub subject: String,
    /// The SDOHCC categories, each once, in the order given.
    pub needs: Vec<NeedCode>,
    /// The target must not contact the person.
    pub contact_prohibited: bool,
    /// `priority` is urgent, asap or stat.
    pub urgent: bool,
    /// The texts of its references in `supportingInfo`.
    pub supporting_info: Vec<String>,
    /// The texts of its references in `basedOn`.
    pub based_on: Vec<String>,
}

impl RequestIn {
    /// Reads a ServiceRequest.
    pub fn read(resource: &Resource) -> Result<RequestIn, Vec<Fault>> {
        let json = of_kind(resource, "ServiceRequest")?;
        let mut faults = Faults::default();
        let status = faults.take(status(json));
        let intent = json.text("intent").map(str::to_owned);
        let intent = faults.take(intent.ok_or_else(|| Fault::required("ServiceRequest.intent")));
        let subject = faults.take(literal(json, "subject", "Patient", "ServiceRequest"));
        let needs = needs(json, &mut faults);
        if codings(json.get("code")).next().is_none() {
            faults.push(Fault::required("ServiceRequest.code.coding"));
        }
        if !matches!(json.get("doNotPerform"), None | Some(Json::Bool(false))) {
            let words = "an order not to do something is no referral";
            faults.push(Fault::not_supported("ServiceRequest.doNotPerform", words));
        }
        let read = || {
            Some(RequestIn {
                status: status?,
                intent: intent?,
                subject: subject?,
                needs,
                contact_prohibited: is_contact_prohibited(json),
                urgent: matches!(json.text("priority"), Some("urgent" | "asap" | "stat")),
                supporting_info: literals(json, "supportingInfo"),
                based_on: literals(json, "basedOn"),
            })
        };
        let read = read();
        faults.or(read)
    }
}

/// Any `orderDetail` that says so, in whatever system: missing it could put a person in danger.
pub(crate) fn is_contact_prohibited(request: &Json) -> bool {
    codings(request.get("orderDetail")).any(|coding| coding.code == CONTACT_PROHIBITED)
}

fn status(request: &Json) -> Result<RequestStatus, Fault> {
    let place = "ServiceRequest.status";
    let code = request.text("status").ok_or_else(|| Fault::required(place))?;
    let status = RequestStatus::ALL.into_iter().find(|status| status.code() == code);
    status.ok_or_else(|| Fault::value(place, "is not a status of a request"))
}

fn needs(request: &Json, faults: &mut Faults) -> Vec<NeedCode> {
    let mut needs: Vec<NeedCode> = Vec::new();
    for (i, category) in request.list("category").iter().enumerate() {
        for coding in codings(Some(category)).filter(|coding| coding.system == Some(SDOHCC)) {
            match coding.code.parse::<NeedCode>() {
                Ok(need) if !needs.contains(&need) => needs.push(need),
                Ok(_) => {}
                Err(_) => {
                    let place = format!("ServiceRequest.category[{i}]");
                    faults.push(Fault::value(place, "is no SDOHCC category"));
                }
            }
        }
    }
    needs
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
