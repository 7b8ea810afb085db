"""Referrals in every standing, then schemathesis: first whatever ids it makes up, then with these.

    play.py LOOPGATE FOLDER"""

import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, "..", "peers"))
sys.path.insert(1, os.path.join(HERE, "..", "fhir-clients"))

import referral
from deployment import Deployment

# One for each act to begin with, and some to come.
STANDINGS = [
    [],
    [("accept", {})],
    [("appointment", {"start": "2026-11-27T16:00:00Z", "place": "The side door"})],
    [("hold", {"reason": {"code": "documents", "text": "Waiting"}})],
    [("decline", {"reason": {"code": "no-capacity"}})],
    [("served", {"outcome": {"text": "A food box"}})],
    [("comment", {"text": "A question"}), ("assign", {"to": "Rosa"})],
    [],
] * 3
SENT = 6
EXAMPLES = 40


def refer(deployment, number):
    """A referral of its own, by its own source key."""
    bundle = referral.bundle("clinic")
    text = referral_text(bundle, number)
    deployment.ask("clinic", "POST", "/fhir", text, "application/fhir+json")


def may_refer(deployment, name):
    """A target is a source too, and may submit."""
    path = os.path.join(deployment.folder, "partners", f"{name}.toml")
    with open(path) as file:
        text = file.read()
    both = text.replace('roles = ["target"]', 'roles = ["source", "target"]')
    both = both.replace("actions = [", 'actions = ["submit", ', 1)
    assert both.count('"submit"') == 1 and '"source"' in both, text
    with open(path, "w") as file:
        file.write(both)


def referred_on(deployment, number):
    """A referral of the pantry's own; its id."""
    name = {"family": "Vidal", "given": [f"Juan {number}"]}
    need = {"category": "housing-instability"}
    body = {"to": "housing", "about": {"client": {"name": name}}, "need": need}
    return deployment.ask("pantry", "POST", "/cbo/v1/referrals", body)["referral_id"]


def referral_text(bundle, number):
    for entry in bundle["entry"]:
        for identifier in entry["resource"].get("identifier", []):
            identifier["value"] = f"{identifier['value']}-{number}"
    return bundle


def schemathesis(deployment, folder, name, document, *words):
    """Runs it once; whether all was as the document says, and what it said."""
    config = os.path.join(folder, f"{name}.toml")
    with open(os.path.join(HERE, "schemathesis.toml")) as file:
        text = file.read()
    # Nobody has time to wait for what does not come.
    text += '\n[parameters]\n"query.wait" = 0\n'
    with open(config, "w") as file:
        file.write(text)
    base = f"https://localhost:{deployment.machines}"
    program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    common = ["--config-file", config, "run", document, "--url", base]
    common += ["--tls-verify", deployment.path("ca.pem"), "--no-color", "--warnings", "off"]
    common += ["--request-cert", deployment.path("clients", "pantry.pem")]
    common += ["--request-cert-key", deployment.path("clients", "pantry.key")]
    common += ["--exclude-checks", "ignored_auth"]
    common += ["--seed", "1", "--max-examples", str(EXAMPLES), "--no-shrink", "--workers", "1"]
    common += ["--generation-database", "none", "--request-timeout", "70"]
    ended = subprocess.run([program, *common, *words], capture_output=True, text=True, cwd=folder)
    return ended.returncode == 0, ended.stdout + ended.stderr


def holds(deployment, folder, name, document, *words):
    """Whether the document is true, told with how much was asked."""
    begun = time.monotonic()
    good, said = schemathesis(deployment, folder, name, document, *words)
    if not good:
        print(said[-20000:])
    cases = re.findall(r"(?m)^\s*(\d+ generated, .*?)\s*$", said)
    how = "the document is true" if good else "the document is not true"
    took = time.monotonic() - begun
    print(f"openapi: {name} ids: {how}; {', '.join(cases) or 'no cases'}, in {took:.0f} s")
    return good and bool(cases)


def changed(folder, name, document, change):
    """The file of a document that is changed so."""
    document = json.loads(json.dumps(document))
    change(document)
    path = os.path.join(folder, f"{name}.json")
    with open(path, "w") as file:
        json.dump(document, file)
    return path


def lies_are_found(deployment, folder, document):
    """A document that hides a status, and one that that gives a member another type, do not pass."""
    path = "/cbo/v1/referrals/{id}/agree-cancel"
    lies = [
        (
            "Undocumented status code",
            lambda it: it["paths"][path]["post"]["responses"].pop("409"),
        ),
        (
            "Response violates schema",
            lambda it: it["components"]["schemas"]["Referral"]["properties"].update(
                referral_id={"type": "integer"}
            ),
        ),
    ]
    words = ["--phases", "coverage,fuzzing", "--include-operation-id", "agreeCancel"]
    words += ["--include-operation-id", "readReferral"]
    good = True
    for number, (wanted, lie) in enumerate(lies):
        lying = changed(folder, f"lie-{number}", document, lie)
        passed, said = schemathesis(deployment, folder, "lie", lying, *words)
        if passed or wanted not in said:
            print(f"openapi: a lie was not found: {wanted}\n{said[-4000:]}")
            good = False
    if good:
        print(f"openapi: {len(lies)} lies were found")
    return good


def main():
    loopgate, folder = sys.argv[1:3]
    deployment = Deployment(loopgate, os.path.join(folder, "deployment"))
    path = os.path.join(deployment.folder, "loopgate.toml")
    with open(path) as file:
        text = file.read()
    for key in ["cbo_requests_per_minute", "cbo_requests_burst"]:
        at = text.index(f"{key} = ")
        text = text[:at] + f"{key} = 1000000  " + text[text.index("#", at) :]
    with open(path, "w") as file:
        file.write(text)
    deployment.partner("pantry", "target")
    deployment.partner("housing", "target")
    deployment.partner("clinic", "source")
    may_refer(deployment, "pantry")
    deployment.serve()
    good = False
    try:
        for number in range(len(STANDINGS)):
            refer(deployment, number)
        ids = deployment.inbox()
        assert len(ids) == len(STANDINGS), ids
        for one, acts in zip(ids, STANDINGS):
            for act, body in acts:
                deployment.act(one, act, body)
        sent = [referred_on(deployment, number) for number in range(SENT)]
        told = deployment.ask("pantry", "GET", "/openapi.json")
        # The same document, but for which ids there are.
        referral_id = {"type": "string", "enum": ids}
        sent_id = {"type": "string", "enum": sent}

        def only_these(document):
            parameters = document["components"]["parameters"]
            parameters["Referral"].update(schema=referral_id)
            parameters["Sent"].update(schema=sent_id)

        known = changed(folder, "known", told, only_these)
        good = holds(deployment, folder, "known", known, "--phases", "examples,coverage,fuzzing")
        told = changed(folder, "told", told, lambda it: None)
        good &= holds(deployment, folder, "made-up", told)
        with open(known) as file:
            good &= lies_are_found(deployment, folder, json.load(file))
        assert deployment.process.poll() is None, "the gateway ended"
        deployment.stop()
    finally:
        deployment.process.kill()
        if not good:
            deployment.log.seek(0)
            sys.stderr.write(deployment.log.read()[-4000:])
    if not good:
        sys.exit(1)


main()
