"""What a hospital hands in by FHIR: Maria, her consent, and a request for food placed with the pantry."""

from deployment import SDOHCC, TERMINOLOGY, consent, patient, transaction

PROFILE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-"
MARIA = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000000"
REQUEST = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000002"
TASK = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000003"
CONSENT = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000001"
FOOD = {
    "coding": [
        {
            "system": "http://snomed.info/sct",
            "code": "467771000124109",
            "display": "Assistance with application for food pantry program",
        }
    ]
}


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def bundle(source):
    """The transaction, in this order: Patient, Consent, ServiceRequest, Task."""
    request = {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [PROFILE + "ServiceRequest"]},
        "status": "active",
        "intent": "order",
        "category": [
            coded("http://hl7.org/fhir/us/core/CodeSystem/us-core-category", "sdoh"),
            coded(SDOHCC, "food-insecurity"),
        ],
        "code": FOOD,
        "subject": {"reference": MARIA},
        "authoredOn": "2026-11-20T09:40:00Z",
        "requester": {"reference": f"Organization/{source}"},
    }
    task = {
        "resourceType": "Task",
        "meta": {"profile": [PROFILE + "TaskForReferralManagement"]},
        "identifier": [{"system": f"urn:example:{source}:referral", "value": "R-1"}],
        "status": "requested",
        "intent": "order",
        "code": coded("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        "focus": {"reference": REQUEST},
        "for": {"reference": MARIA},
        "authoredOn": "2026-11-20T09:41:00Z",
        "requester": {"reference": f"Organization/{source}"},
        "owner": {"reference": "Organization/pantry"},
    }
    entries = [
        (MARIA, patient(source)),
        (CONSENT, consent(source, MARIA)),
        (REQUEST, request),
        (TASK, task),
    ]
    return transaction(entries)


def procedure(request, subject):
    """What the pantry did, on this request for this Patient (references, as it reads them)."""
    category = coded("http://snomed.info/sct", "410606002")
    category["coding"].append({"system": SDOHCC, "code": "food-insecurity"})
    return {
        "resourceType": "Procedure",
        "meta": {"profile": [PROFILE + "Procedure"]},
        "basedOn": [{"reference": request}],
        "status": "completed",
        "category": category,
        "code": FOOD,
        "subject": {"reference": subject},
        "performedDateTime": "2026-11-24T10:00:00Z",
    }


def output(procedure):
    """Task.output that refers to it."""
    return [
        {
            "type": coded(SDOHCC, "resulting-activity"),
            "valueReference": {"reference": procedure},
        }
    ]


def observation(subject, day):
    """How many live with Maria, on a day of November."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [coded(TERMINOLOGY + "observation-category", "social-history")],
        "code": coded("http://loinc.org", "63512-8"),
        "subject": {"reference": subject},
        "effectiveDateTime": f"2026-11-{day:02}",
        "valueQuantity": {"value": 4},
    }
