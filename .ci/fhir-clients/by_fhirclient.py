"""fhirclient, whose models are strict: what it reads has to be R4 to the letter."""

import requests
from fhirclient.models.bundle import Bundle
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.models.procedure import Procedure
from fhirclient.models.servicerequest import ServiceRequest
from fhirclient.models.task import Task
from fhirclient.server import FHIRServer

import referral
from steps import Steps

HOSPITAL = "fhirclient"


def server(deployment, name):
    server = FHIRServer(None, deployment.base)
    cert = tuple(deployment.path("clients", f"{name}.{kind}") for kind in ("pem", "key"))
    # Else roots that the environment names take the place of these.
    server.session.trust_env = False
    server.session.cert, server.session.verify = cert, deployment.path("ca.pem")
    return server


def all_of(search, at):
    return list(search.perform_resources_iter(at))


def put(at, resource, version):
    """Its own update, with the version it means."""
    at.session.headers["If-Match"] = f'W/"{version}"'
    try:
        resource.update(at)
    finally:
        del at.session.headers["If-Match"]


def play(deployment):
    steps = Steps("fhirclient")
    step = steps.step
    hospital, pantry = server(deployment, HOSPITAL), server(deployment, "pantry")
    with step("reads what the server can do"):
        assert hospital.prepare() or hospital.auth is not None
        assert hospital.capabilityStatement.fhirVersion == "4.0.1"
    with step("hands in the referral"):
        bundle = Bundle(referral.bundle(HOSPITAL))
        answer = Bundle(bundle.create(hospital))
        places = [one.response.location.split("/_history/")[0] for one in answer.entry]
        maria, _, request, task = ["/".join(place.split("/")[-2:]) for place in places]
    with step("reads the request it was asked to fulfil, and whom for"):
        [placed] = all_of(
            Task.where({"status": "requested", "requester": "Organization/loopgate"}), pantry
        )
        asked = ServiceRequest.read_from(placed.focus.reference, pantry)
        person = Patient.read_from(placed.for_fhir.reference, pantry)
        assert asked.subject.reference == placed.for_fhir.reference
        assert person.name[0].family == "Lindqvist-Okafor"
    for status in ["accepted", "in-progress"]:
        with step(status):
            placed = Task.read(placed.id, pantry)
            placed.status = status
            put(pantry, placed, placed.meta.versionId)
            assert Task.read(placed.id, pantry).status == status
    with step("says what it did"):
        did = referral.procedure(placed.focus.reference, placed.for_fhir.reference)
        # It reads no header by which to know what it made; its answers have them.
        answer = pantry.post_json("Procedure", Procedure(did).as_json())
        made = answer.headers["location"].split("/_history/")[0].split("/")[-1]
        assert Procedure.read(made, pantry).code.coding[0].code == "467771000124109"
    with step("completes with the Procedure"):
        placed = Task.read(placed.id, pantry)
        body = {**placed.as_json(), "output": referral.output(f"Procedure/{made}")}
        placed = Task({**body, "status": "completed"})
        put(pantry, placed, placed.meta.versionId)
    with step("finds what came back"):
        found = Task.where({"_id": task.split("/")[1]}).include("focus")
        closed, asked = all_of(found, hospital)
        assert (closed.status, asked.relativePath()) == ("completed", request)
        outcome = Procedure.read_from(closed.output[0].valueReference.reference, hospital)
        assert outcome.basedOn[0].reference == request
    with step("turns the pages"):
        for day in range(1, 6):
            Observation(referral.observation(maria, day)).create(hospital)
        found = all_of(Observation.where({"patient": maria, "_count": "2"}), hospital)
        days = [one.as_json()["effectiveDateTime"] for one in found]
        assert days == [f"2026-11-{day:02}" for day in range(1, 6)], days
    with step("is refused in words"):
        try:
            Task.where({"color": "red"}).perform_iter(hospital).__next__()
        except requests.HTTPError as error:
            outcome = error.response.json()
            assert (error.response.status_code, outcome["resourceType"]) == (400, "OperationOutcome")
        else:
            raise AssertionError("it was not refused")
    return steps
