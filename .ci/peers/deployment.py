"""A deployment of the gateway with a pantry and hospitals, and what each of them does by HTTPS."""

import datetime
import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import time

SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Deployment:
    """The folder, and the process that serves it."""

    def __init__(self, loopgate, folder):
        self.loopgate, self.folder = loopgate, folder
        self.process = None
        self.machines, self.people, self.mllp, self.ops = (free_port() for _ in range(4))
        self.do("init", folder)
        path = os.path.join(folder, "loopgate.toml")
        with open(path) as file:
            text = file.read()
        for name, value in [
            ("machines", f'"127.0.0.1:{self.machines}"'),
            ("people", f'"127.0.0.1:{self.people}"'),
            ("mllp", f'"127.0.0.1:{self.mllp}"'),
            ("ops", f'"127.0.0.1:{self.ops}"'),
            ("timeout_s", "1"),
            ("retry_delay_s_min", "1"),
            ("retry_delay_s_max", "1"),
            ("private_targets", '["127.0.0.1", "::1"]'),
        ]:
            text, count = re.subn(rf"(?m)^{name} = [^#\n]*", f"{name} = {value}  ", text)
            assert count == 1, name
        # What a search links to is here too.
        self.base = f"https://localhost:{self.machines}/fhir"
        text, count = re.subn(r'(?m)^base_url = "[^"]*/fhir"', f'base_url = "{self.base}"', text)
        assert count == 1, "base_url"
        with open(path, "w") as file:
            file.write(text)

    def do(self, *words):
        done = subprocess.run([self.loopgate, *words], capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def partner(self, name, role, more=""):
        until = str(datetime.date.today() + datetime.timedelta(days=300))
        words = ["--role", role, "--identifier", f"urn:example:npi|{name}"]
        words += ["--agreement-until", until]
        if role == "source":
            words += ["--patient-index", f"urn:example:{name}:mrn"]
        self.do("partner", "--data", self.folder, "add", name, *words)
        with open(os.path.join(self.folder, "partners", f"{name}.toml"), "a") as file:
            file.write(more)

    def hospital(self, name, answered_at):
        """A source that calls itself EHR at its own name in capitals, answered at that port."""
        facility = name.upper()
        self.partner(
            name,
            "source",
            f'\n[hl7v2]\napplication = "EHR"\nfacility = "{facility}"\n'
            f'endpoint = "localhost:{answered_at}"\nauthorities = [\n'
            f'{{ name = "{facility}", system = "urn:example:{name}:mrn" }},\n'
            '{ name = "NPI", system = "urn:example:npi" },\n]\n',
        )

    def serve(self):
        config = os.path.join(self.folder, "loopgate.toml")
        self.do("check-config", config)
        self.log = open(os.path.join(self.folder, "..", "gateway.log"), "w+")
        words = [self.loopgate, "serve", "--config", config]
        self.process = subprocess.Popen(words, stderr=self.log, stdout=self.log)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.mllp), 1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, "it does not open"
                time.sleep(0.05)

    def stop(self):
        """Ends it cleanly."""
        self.process.terminate()
        assert self.process.wait(20) == 0, "it did not end well"

    def path(self, *parts):
        return os.path.join(self.folder, "certs", *parts)

    def client(self, name):
        """The TLS of a partner that calls."""
        tls = ssl.create_default_context(cafile=self.path("ca.pem"))
        clients = [self.path("clients", f"{name}.{kind}") for kind in ("pem", "key")]
        tls.load_cert_chain(*clients)
        return tls

    def server(self):
        """The TLS of an engine that is called, and wants to see who calls."""
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.path("ca.pem"))
        tls.load_cert_chain(self.path("server.pem"), self.path("server.key"))
        tls.verify_mode = ssl.CERT_REQUIRED
        return tls

    def ask(self, name, method, path, body=None, kind="application/json"):
        """A partner's request; its answer, which must be a good one."""
        line = http.client.HTTPSConnection("localhost", self.machines, context=self.client(name))
        headers = {} if body is None else {"content-type": kind}
        line.request(method, path, None if body is None else json.dumps(body), headers)
        answer = line.getresponse()
        text = answer.read().decode()
        line.close()
        assert 200 <= answer.status < 300, (path, answer.status, text)
        return json.loads(text)

    def consents(self, name):
        """The hospital hands in its Maria, who agrees that the pantry helps her with food."""
        maria = "urn:uuid:6f1c0b5e-3d52-4b0e-9d1a-000000000000"
        entries = [(maria, patient(name)), (maria[:-1] + "1", consent(name, maria))]
        self.ask(name, "POST", "/fhir", transaction(entries), "application/fhir+json")

    def inbox(self):
        """What lies at the pantry."""
        found = self.ask("pantry", "GET", "/cbo/v1/referrals")["referrals"]
        return [one["referral_id"] for one in found]

    def act(self, referral, act, body):
        self.ask("pantry", "POST", f"/cbo/v1/referrals/{referral}/{act}", body)


def transaction(entries):
    """A Bundle that creates these, each with its fullUrl."""
    entries = [
        {
            "fullUrl": url,
            "resource": one,
            "request": {"method": "POST", "url": one["resourceType"]},
        }
        for url, one in entries
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def patient(source):
    return {
        "resourceType": "Patient",
        "identifier": [{"system": f"urn:example:{source}:mrn", "value": "A-99871"}],
        "name": [{"family": "Lindqvist-Okafor", "given": ["Maria"]}],
        "birthDate": "1988-04-02",
    }


def consent(source, maria):
    today = datetime.date.today()
    actor = {
        "role": {"coding": [{"system": TERMINOLOGY + "v3-ParticipationType", "code": "IRCP"}]},
        "reference": {"identifier": {"system": "urn:example:npi", "value": "pantry"}},
    }
    coded = lambda system, code: {"coding": [{"system": TERMINOLOGY + system, "code": code}]}
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": coded("consentscope", "patient-privacy"),
        "category": [coded("v3-ActCode", "IDSCL")],
        "patient": {"reference": maria},
        "dateTime": f"{today - datetime.timedelta(days=1)}T09:30:00Z",
        "organization": [{"identifier": {"system": "urn:example:npi", "value": source}}],
        "sourceAttachment": {"contentType": "application/pdf", "title": "Signed form"},
        "policyRule": coded("consentpolicycodes", "hipaa-auth"),
        "provision": {
            "type": "deny",
            "provision": [
                {
                    "type": "permit",
                    "period": {
                        "start": str(today - datetime.timedelta(days=1)),
                        "end": str(today + datetime.timedelta(days=300)),
                    },
                    "actor": [actor],
                    "purpose": [{"system": TERMINOLOGY + "v3-ActReason", "code": "CAREMGT"}],
                    "code": [{"coding": [{"system": SDOHCC, "code": "food-insecurity"}]}],
                }
            ],
        },
    }
