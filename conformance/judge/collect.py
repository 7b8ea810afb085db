"""What a gateway of this build says in FHIR, each body in a file of its own: a deployment is served, a
clinic refers to two community organizations by FHIR, they answer, an auditor asks, and everybody is also
refused in every way there is a word for; and what `translate` makes of HL7 v2 and of the community's
JSON.

    python3 collect.py LOOPGATE WORK INTO [CORPUS]
"""

import http.client
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / ".ci" / "peers"))

import deployment  # noqa: E402

PROJECT = HERE.parents[1]
FHIR = "application/fhir+json"
NPI = "urn:example:npi"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
CORE = "http://hl7.org/fhir/us/core/"
GUIDE = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-"


class Keeper:
    """Writes down every body that is FHIR, once each."""

    def __init__(self, folder):
        self.folder, self.seen, self.count = pathlib.Path(folder), set(), {}

    def keep(self, name, text):
        try:
            found = json.loads(text)
        except ValueError:
            return None
        if not isinstance(found, dict) or "resourceType" not in found or text in self.seen:
            return found
        self.seen.add(text)
        name = f"{name}-{found['resourceType']}"
        number = self.count[name] = self.count.get(name, 0) + 1
        (self.folder / f"{name}-{number:03}.json").write_text(text)
        return found


class Asking:
    """The partners of one deployment, by HTTPS; each answer is kept."""

    def __init__(self, served, keeper):
        self.served, self.keeper = served, keeper

    def ask(self, who, method, path, body=None, wanted=None, **headers):
        """The answer's status, headers and JSON; `wanted` is the status that it must have."""
        tls = self.served.client(who)
        line = http.client.HTTPSConnection("localhost", self.served.machines, context=tls)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            named.setdefault("content-type", FHIR)
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        line.request(method, path, body, named)
        answer = line.getresponse()
        text = answer.read().decode()
        line.close()
        right = answer.status < 300 if wanted is None else answer.status in wanted
        assert right, (who, method, path, answer.status, text)
        return answer, self.keeper.keep(f"{who}-{answer.status}", text)

    def get(self, who, path, wanted=None, **headers):
        return self.ask(who, "GET", path, None, wanted, **headers)[1]

    def act(self, who, referral, act, body):
        path = f"/cbo/v1/referrals/{referral}/{act}"
        return self.ask(who, "POST", path, body, content_type="application/json")[1]

    def inbox(self, who):
        return [one["referral_id"] for one in self.get(who, "/cbo/v1/referrals")["referrals"]]


def coded(system, *codes):
    return {"coding": [{"system": system, "code": code} for code in codes]}


def url(number):
    return f"urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-{number:012}"


def patient(mrn):
    """A Patient with more than anybody needs."""
    return {
        "resourceType": "Patient",
        "meta": {"profile": [CORE + "StructureDefinition/us-core-patient"]},
        "identifier": [{"system": "urn:example:clinic-b:mrn", "value": mrn}],
        "name": [
            {"use": "official", "family": "Lindqvist-Okafor", "given": ["Maria", "Ines"]},
            {"use": "old", "family": "Okafor", "given": ["Maria"]},
        ],
        "telecom": [
            {"system": "phone", "value": "+1 555 0142", "use": "mobile", "rank": 1},
            {"system": "email", "value": "maria@example.org"},
        ],
        "gender": "female",
        "birthDate": "1988-04-02",
        "address": [
            {"use": "home", "line": ["14 Juniper Row"], "city": "Fernhill", "postalCode": "00000"}
        ],
        "communication": [{"language": coded("urn:ietf:bcp:47", "es"), "preferred": True}],
    }


def consent(codes):
    made = deployment.consent("clinic-b", url(0))
    made["meta"] = {"profile": [GUIDE + "Consent"]}
    permit = made["provision"]["provision"][0]
    recipient = permit["actor"][0]
    housing = json.loads(json.dumps(recipient))
    housing["reference"]["identifier"]["value"] = "housing"
    permit["actor"].append(housing)
    permit["code"] = [coded(deployment.SDOHCC, code) for code in codes]
    return made


def request(category, more=None):
    made = {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [GUIDE + "ServiceRequest"]},
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "category": [
            coded(CORE + "CodeSystem/us-core-category", "sdoh"),
            coded(deployment.SDOHCC, category),
        ],
        "code": coded(SNOMED, "467771000124109"),
        "orderDetail": [coded(deployment.SDOHCC, "contacting-subject-prohibited")],
        "subject": {"reference": url(0)},
        "occurrencePeriod": {"start": "2026-11-20", "end": "2027-02-20"},
        "authoredOn": "2026-11-20T09:40:00Z",
        "requester": {"reference": url(2)},
        "supportingInfo": [{"reference": url(3)}],
        "note": [{"text": "Rings twice"}],
    }
    return made | (more or {})


def task(focus, owner, key):
    return {
        "resourceType": "Task",
        "meta": {"profile": [GUIDE + "TaskForReferralManagement"]},
        "identifier": [{"system": "urn:example:clinic-b:referral", "value": key}],
        "status": "requested",
        "intent": "order",
        "priority": "urgent",
        "code": coded("http://hl7.org/fhir/CodeSystem/task-code", "fulfill"),
        "focus": {"reference": focus},
        "for": {"reference": url(0)},
        "authoredOn": "2026-11-20T09:41:00Z",
        "requester": {"reference": url(2)},
        "owner": {"identifier": {"system": NPI, "value": owner}},
    }


def household():
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            coded("http://terminology.hl7.org/CodeSystem/observation-category", "social-history")
        ],
        "code": coded(LOINC, "63512-8"),
        "subject": {"reference": url(0)},
        "effectiveDateTime": "2026-11-20",
        "valueQuantity": {"value": 4},
    }


def organization():
    return {
        "resourceType": "Organization",
        "meta": {"profile": [CORE + "StructureDefinition/us-core-organization"]},
        "identifier": [{"system": NPI, "value": "clinic-b"}],
        "active": True,
        "name": "Clinic B",
    }


def referral(mrn, needs, consents=("food-insecurity",), kind="transaction"):
    """Clinic B's Bundle about one patient: a ServiceRequest and a Task for each need and target."""
    resources = [(0, patient(mrn)), (2, organization()), (3, household())]
    if consents:
        resources.append((1, consent(consents)))
    for number, (category, owner) in enumerate(needs):
        focus = 10 + 2 * number
        resources.append((focus, request(category)))
        resources.append((focus + 1, task(url(focus), owner, f"{mrn}-{number}")))
    entries = [
        {
            "fullUrl": url(number),
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for number, resource in resources
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def tasks(answer):
    """The paths of the Tasks that a transaction made."""
    places = [entry["response"]["location"] for entry in answer["entry"]]
    return ["/fhir/Task/" + one.split("/Task/")[1].split("/")[0] for one in places if "/Task/" in one]


def partners(served):
    for name, role in [
        ("clinic-b", "source"),
        ("pantry", "target"),
        ("housing", "target"),
        ("watch", "target"),
    ]:
        served.partner(name, role)
    path = pathlib.Path(served.folder, "partners", "watch.toml")
    text = path.read_text().replace('roles = ["target"]', 'roles = ["auditor"]')
    path.write_text(text.replace('"cbo-nonhipaa"', '"ba"').split("# How it is told")[0])


def play(asking):
    """Referrals of every end, read by everybody at every step."""
    get, act = asking.get, asking.act
    get("clinic-b", "/fhir/metadata")

    def send(mrn, needs=(("food-insecurity", "pantry"),), **more):
        before = set(asking.inbox("pantry"))
        answer = asking.ask("clinic-b", "POST", "/fhir", referral(mrn, needs, **more))[1]
        new = [one for one in asking.inbox("pantry") if one not in before]
        return tasks(answer), new

    def seen(path):
        """The source's Task, and all that it leads to."""
        found = get("clinic-b", path)
        for output in found.get("output", []):
            named = output.get("valueReference", {}).get("reference")
            if named:
                get("clinic-b", f"/fhir/{named}")
        get("clinic-b", "/fhir/" + found["focus"]["reference"])
        get("clinic-b", "/fhir/" + found["for"]["reference"])
        owner = found.get("owner", {}).get("reference")
        if owner:
            get("clinic-b", f"/fhir/{owner}", wanted=(200, 404))
        return found

    def shown():
        """What the pantry has of each of its placements."""
        page = get("pantry", "/fhir/Task")
        for entry in page.get("entry", []):
            found = entry["resource"]
            if found["resourceType"] != "Task":
                continue
            named = [found["focus"], found["for"], found["owner"], found["requester"]]
            named += [one["valueReference"] for one in found.get("output", []) if "valueReference" in one]
            for one in named:
                get("pantry", "/fhir/" + one["reference"], wanted=(200, 404))
        return page

    # Served, with an appointment missed on the way.
    (served, *_), (number,) = send("B-1")
    seen(served), shown()
    act("pantry", number, "accept", {})
    seen(served), shown()
    act("pantry", number, "appointment", {"start": "2027-01-07T16:00:00Z", "place": "Hall 2"})
    seen(served)
    act("pantry", number, "no-show", {})
    seen(served), shown()
    outcome = {"text": "Food box", "system": SNOMED, "code": "710925007"}
    act("pantry", number, "served", {"outcome": outcome, "performed": "2026-11-25T16:00:00Z"})
    seen(served), shown()
    act("pantry", number, "corrected", {"outcome": {"text": "Two food boxes"}})
    seen(served), shown()

    # Declined; refused for want of cover beside one that goes on; taken back; held without consent.
    (declined, *_), (number,) = send("B-2")
    act("pantry", number, "decline", {"reason": {"code": "no-capacity", "text": "No room"}})
    seen(declined), shown()
    both = (("food-insecurity", "pantry"), ("housing-instability", "housing"))
    found, (number,) = send("B-3", both)
    [seen(one) for one in found], shown()
    act("pantry", number, "accept", {})
    act("pantry", number, "withdraw", {"reason": {"code": "staff", "text": "Nobody is there"}})
    seen(found[0])
    (held, *_), _ = send("B-4", consents=())
    seen(held)
    get("clinic-b", "/fhir/Task")
    get("clinic-b", "/fhir/Task?_count=1")
    get("clinic-b", "/fhir/Task?status=completed&_id=" + served.rsplit("/", 1)[1])
    get("clinic-b", "/fhir/Task?status=failed")

    # Called off, at once and when asked.
    (open_, *_), _ = send("B-5")
    mine = seen(open_)
    mine["status"], mine["statusReason"] = "cancelled", {"text": "Moved away"}
    asking.ask("clinic-b", "PUT", open_, mine)
    seen(open_), shown()

    # By FHIR alone: the target moves its own Task.
    (moved, *_), _ = send("B-6")
    own = next(
        entry["resource"]
        for entry in shown()["entry"]
        if entry["resource"]["status"] == "requested"
    )
    path = f"/fhir/Task/{own['id']}"
    own["status"] = "accepted"
    asking.ask("pantry", "PUT", path, own)
    own = get("pantry", path)
    own["status"] = "in-progress"
    asking.ask("pantry", "PUT", path, own)
    seen(moved)
    own = get("pantry", path)
    own["status"] = "completed"
    own["output"] = [
        {
            "type": coded(deployment.SDOHCC, "resulting-activity"),
            "valueCodeableConcept": coded(SNOMED, "710925007") | {"text": "Food box"},
        }
    ]
    asking.ask("pantry", "PUT", path, own)
    seen(moved), shown()

    # Taken back by the person after the answer: it is withheld.
    answer = asking.ask(
        "clinic-b", "POST", "/fhir", referral("B-7", [("food-insecurity", "pantry")])
    )[1]
    (withheld, *_) = tasks(answer)
    agreed = next(e["response"]["location"] for e in answer["entry"] if "/Consent/" in e["response"]["location"])
    agreed = "/fhir/Consent/" + agreed.split("/Consent/")[1].split("/")[0]
    get("clinic-b", agreed)
    for number in asking.inbox("pantry"):
        found = get("pantry", f"/cbo/v1/referrals/{number}")
        if found["status"] in ("new", "requested"):
            act("pantry", number, "accept", {})
    asking.ask("clinic-b", "POST", f"{agreed}/$token", {"resourceType": "Parameters"}, range(100, 600))
    asking.ask("clinic-b", "POST", f"{agreed}/$revoke", {"resourceType": "Parameters"})
    seen(withheld), shown()
    get("clinic-b", "/fhir/Task")
    return served


def refused(asking, served):
    """Whoever asks wrongly is told so."""
    ask = asking.ask
    no = range(400, 500)
    for body, kind in [
        ("", FHIR),
        ('{"type":', FHIR),
        ('{"resourceType":"Patient","gender":"female","gender":"male"}', FHIR),
        ("{}", FHIR),
        ("<Patient/>", "application/fhir+xml"),
        ("{}", "text/plain"),
    ]:
        ask("clinic-b", "POST", "/fhir/Patient", body, no, content_type=kind)
        ask("clinic-b", "POST", "/fhir", body, no, content_type=kind)
    for who, method, path in [
        ("clinic-b", "DELETE", served),
        ("clinic-b", "PATCH", served),
        ("clinic-b", "GET", served + "/_history"),
        ("clinic-b", "GET", "/fhir/Task/nobody"),
        ("clinic-b", "GET", "/fhir/Nonsense/1"),
        ("clinic-b", "GET", "/fhir/Task?nonsense=1"),
        ("clinic-b", "GET", "/fhir/Task?_include=*&_sort=x&_count=0&status:not=draft"),
        ("clinic-b", "GET", "/fhir/Task?_total=accurate"),
        ("pantry", "GET", served),
        ("housing", "GET", "/fhir/ServiceRequest/1"),
        ("watch", "GET", served),
    ]:
        ask(who, method, path, None if method == "GET" else "{}", no)
    ask("pantry", "POST", "/fhir", referral("B-9", []), no)
    ask("clinic-b", "GET", served, None, (406, 200), accept="application/fhir+xml")
    broken = {
        "no subject": lambda made: made["entry"][4]["resource"].pop("subject"),
        "no such owner": lambda made: made["entry"][5]["resource"]["owner"]["identifier"].update(
            value="nobody"
        ),
        "no intent": lambda made: made["entry"][5]["resource"].pop("intent"),
        "a bad date": lambda made: made["entry"][0]["resource"].update(birthDate="2026-13-01"),
        "a list": lambda made: made["entry"][0]["resource"].update(name="Maria"),
        "no request": lambda made: made["entry"][0].pop("request"),
        "a name twice": lambda made: made["entry"][1].update(fullUrl=url(0)),
        "no reference": lambda made: made["entry"][5]["resource"]["focus"].update(
            reference=url(999)
        ),
    }
    for break_ in broken.values():
        made = referral("B-10", [("food-insecurity", "pantry")])
        break_(made)
        ask("clinic-b", "POST", "/fhir", made, no)
    ask("clinic-b", "POST", "/fhir", referral("B-11", [], kind="history"), no)
    # The same business identifier with other content; a version that is not the newest; an illegal move.
    made = referral("B-1", [("food-insecurity", "pantry")])
    made["entry"][0]["resource"]["birthDate"] = "1988-04-03"
    ask("clinic-b", "POST", "/fhir", made, no)
    mine = asking.get("clinic-b", served)
    mine["status"], mine["statusReason"] = "cancelled", {"text": "Too late"}
    ask("clinic-b", "PUT", served, mine, no)
    ask("clinic-b", "PUT", served, mine, no, if_match='W/"1"')
    mine["status"] = "accepted"
    ask("clinic-b", "PUT", served, mine, no)
    ask("clinic-b", "POST", "/fhir/Patient/$break-glass", {"resourceType": "Parameters"}, no)


def audited(asking):
    """All that an auditor gets in FHIR."""
    case = {"Loopgate-Case": "case-7"}
    for _ in range(2):
        for path in ["entries", "accounting", "roster"]:
            asking.ask("watch", "GET", f"/audit/v1/{path}?format=fhir", None, range(100, 600), **case)
        for number in asking.inbox("pantry"):
            path = f"/audit/v1/referrals/{number}?format=fhir"
            asking.ask("watch", "GET", path, None, range(100, 600), **case)
    found = asking.ask("watch", "GET", "/audit/v1/entries", None, None, **case)[1]
    people = {person for one in found["entries"] for person in one.get("persons", [])}
    for person in sorted(people):
        path = f"/audit/v1/accounting?person={person}&format=fhir"
        asking.ask("watch", "GET", path, None, range(100, 600), **case)
    after, pages = None, 0
    while pages < 20:
        path = "/audit/v1/entries?format=fhir" + (f"&cursor={after}" if after else "")
        answer, _ = asking.ask("watch", "GET", path, None, None, **case)
        link = answer.getheader("link")
        if not link:
            return
        after, pages = link.split("cursor=")[1].split(">")[0], pages + 1


def translated(loopgate, keeper, corpus):
    """What `translate` makes of every sample and of the corpus' messages; how many were refused."""
    inputs = [("sample", "hl7v2", one) for one in sorted(PROJECT.glob("mappings/hl7v2/samples/*/*.hl7"))]
    inputs += [
        ("cbo", "cbo-json", one)
        for one in sorted(PROJECT.glob("mappings/cbo-json/samples/referral*/right.json"))
    ]
    inputs.append(("sample", "hl7v2", PROJECT / "gateway/server/samples/hospital-a.hl7"))
    if corpus:
        inputs += [("corpus", "hl7v2", one) for one in sorted(pathlib.Path(corpus, "hl7v2").rglob("*.hl7"))]
    refused = 0
    for name, dialect, one in inputs:
        words = [loopgate, "translate", "--from", dialect, "--to", "fhir", str(one)]
        done = subprocess.run(words, capture_output=True)
        if done.returncode:
            assert done.returncode in (2, 3), (one, done.returncode, done.stderr)
            refused += 1
            continue
        # One Bundle for each message and order, each on its line.
        for line in done.stdout.decode().splitlines():
            keeper.keep(f"{name}-{one.parent.name}-{one.stem}", line)
    return len(inputs), refused


def main(loopgate, work, into, corpus=None):
    os.makedirs(into, exist_ok=True)
    keeper = Keeper(into)
    served = deployment.Deployment(loopgate, os.path.join(work, "community"))
    partners(served)
    served.serve()
    try:
        asking = Asking(served, keeper)
        refused(asking, play(asking))
        audited(asking)
    finally:
        served.stop()
    said = len(keeper.seen)
    inputs, not_translated = translated(loopgate, keeper, corpus)
    print(
        f"collect: {said} bodies of the gateway; of {inputs} inputs {not_translated} are not translated, "
        f"the others make {len(keeper.seen) - said} different Bundles"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
