"""fhirpy as the hospital's client and as the pantry's: a referral from the Bundle to the outcome."""

from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

import referral
from steps import Steps

HOSPITAL = "fhirpy"


def client(deployment, name, **headers):
    """The client of a partner; these headers go with each of its requests."""
    cert = tuple(deployment.path("clients", f"{name}.{kind}") for kind in ("pem", "key"))
    tls = {"cert": cert, "verify": deployment.path("ca.pem"), "timeout": 20}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return SyncFHIRClient(deployment.base, extra_headers=headers, requests_config=tls)


def if_match(resource):
    return f'W/"{resource["meta"]["versionId"]}"'


def play(deployment):
    steps = Steps("fhirpy")
    step, refused = steps.step, steps.refused
    # It looks for what it made in the body of the answer alone, so it asks for one.
    whole = {"Prefer": "return=representation"}
    hospital, plain = client(deployment, HOSPITAL, **whole), client(deployment, HOSPITAL)
    pantry = client(deployment, "pantry", **whole)

    def under(resource, version):
        """The resource again, of a client that says which version it means."""
        own = client(deployment, "pantry", If_Match=version, **whole)
        return own.resource(resource.resource_type, **resource.serialize())

    with step("reads what the server can do"):
        says = plain.execute("metadata", "get")
        assert says["fhirVersion"] == "4.0.1", says["fhirVersion"]
        kinds = {one["type"] for one in says["rest"][0]["resource"]}
        assert {"Task", "ServiceRequest", "Patient", "Procedure"} <= kinds, kinds
    with step("hands in the referral"):
        answer = plain.execute("/", data=referral.bundle(HOSPITAL))
        assert answer["type"] == "transaction-response", answer
        places = [one["response"]["location"].split("/_history/")[0] for one in answer["entry"]]
        maria, _, request, task = ["/".join(place.split("/")[-2:]) for place in places]
    with step("reads back its Task"):
        mine = hospital.reference(reference=task).to_resource()
        assert (mine.status, mine["for"].reference) == ("requested", maria), mine
    with step("keeps a copy that has not changed"):
        # If-None-Match with the bare versionId: that is how this client asks.
        assert mine.refresh()["status"] == "requested"
    with step("finds the Task placed with the pantry"):
        wanted = pantry.resources("Task").search(owner="Organization/pantry", status="requested")
        [placed] = wanted.fetch_all()
        assert wanted.first() == placed and wanted.get() == placed
        assert placed.id != mine.id, "a Task of its own"
    with step("reads the request and the person"):
        asked, person = placed.focus.to_resource(), placed["for"].to_resource()
        assert asked.get_by_path("code.coding.0.code") == "467771000124109", asked
        assert person.get_by_path("name.0.family") == "Lindqvist-Okafor", person
    with refused("is not shown the hospital's own Task", ResourceNotFound):
        pantry.reference(reference=task).to_resource()
    with step("accepts"):
        before = if_match(placed)
        placed["status"] = "accepted"
        placed = under(placed, before).update()
        assert placed["status"] == "accepted", placed
    with refused("is told that it was late", MultipleResourcesFound):
        # Its name for each 412.
        late = pantry.resource("Task", **{**placed.serialize(), "status": "in-progress"})
        under(late, before).update()
    with step("is at it"):
        placed["status"] = "in-progress"
        placed = under(placed, if_match(placed)).update()
        assert placed["status"] == "in-progress", placed
    with step("says what it did"):
        did = referral.procedure(placed.focus.reference, placed["for"].reference)
        did = pantry.resource("Procedure", **did).save()
        assert did.id and did["meta"]["versionId"] == "1", did
    with step("completes with the Procedure"):
        placed["status"], placed["output"] = "completed", referral.output(did.reference)
        placed = under(placed, if_match(placed)).update()
        assert placed["status"] == "completed", placed
    with step("finds what came back"):
        found = hospital.resources("Task").search(_id=mine.id).include("Task", "output")
        entries = found.fetch_raw()["entry"]
        modes = [one["search"]["mode"] for one in entries]
        assert modes == ["match", "include"], modes
        [closed, outcome] = [one["resource"] for one in entries]
        assert closed["status"] == "completed", closed
        reference = closed.get_by_path("output.0.valueReference.reference")
        assert reference == outcome.reference, (reference, outcome)
        assert outcome["subject"].reference == maria, outcome
        assert outcome.get_by_path("basedOn.0.reference") == request, outcome
    with step("sees that its copy has changed"):
        assert mine.refresh()["status"] == "completed"
    with step("makes what is not there, and not what is"):
        whose = {"identifier": f"urn:example:{HOSPITAL}:mrn|A-99871"}
        where = "&".join(f"{name}={value}" for name, value in whose.items())
        once = client(deployment, HOSPITAL, If_None_Exist=where, **whole)
        again = once.resource("Patient", **referral.patient(HOSPITAL)).save()
        assert again.reference == maria, again
        assert len(hospital.resources("Patient").search(**whose).fetch_all()) == 1
    with step("creates several at once"):
        entries = [
            {
                "resource": referral.observation(maria, day),
                "request": {"method": "POST", "url": "Observation"},
            }
            for day in range(1, 6)
        ]
        entries.append({"request": {"method": "GET", "url": task}})
        entries.append({"request": {"method": "GET", "url": "Task/none"}})
        batch = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answer = plain.execute("/", data=batch)
        codes = [one["response"]["status"].split()[0] for one in answer["entry"]]
        assert codes == ["201"] * 5 + ["200", "404"], codes
        assert answer["entry"][5]["resource"]["id"] == mine.id
    with step("turns the pages"):
        found = hospital.resources("Observation").search(patient=maria).limit(2)
        seen = [one["effectiveDateTime"] for one in found.fetch_all()]
        assert seen == [f"2026-11-{day:02}" for day in range(1, 6)], seen
    with step("changes what it names by a search"):
        [first, *_] = hospital.resources("Observation").search(patient=maria).fetch_all()
        first["valueQuantity"] = {"value": 5}
        first = first.update()
        assert first["meta"]["versionId"] == "2", first
        same, made = hospital.resources("Observation").search(_id=first.id).update(first)
        assert same.reference == first.reference and not made
    with refused("is told no count", OperationOutcome):
        hospital.resources("Task").search(status="completed").count()
    with refused("does not search by what it does not know", OperationOutcome, "color"):
        hospital.resources("Task").search(color="red").fetch()
    with refused("deletes nothing", OperationOutcome):
        mine.delete()
    return steps
