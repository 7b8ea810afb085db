"""A gateway with two pantries that have nothing but e-mail, and the browser that plays their people.

    play.py LOOPGATE FOLDER NODE CHROMIUM SCREENSHOTS"""

import copy
import email
import email.policy
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", name) for name in ("peers", "fhir-clients")]

import referral
from deployment import Deployment


class Post:
    """A submission server: the links of the e-mails it takes, by recipient and where they lead."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.links, self.came = [], threading.Condition()
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            line, _ = self.listener.accept()
            threading.Thread(target=self.converse, args=(line,), daemon=True).start()

    def converse(self, line):
        lines = line.makefile("rb")
        say = lambda text: line.sendall(text.encode() + b"\r\n")
        say("220 here")
        to = ""
        for said in lines:
            verb = said.decode().strip()
            if verb.upper().startswith("RCPT"):
                to = re.search("<([^>]*)>", verb).group(1)
            if verb.upper().startswith("DATA"):
                say("354 go on")
                mail = b""
                for text in lines:
                    if text == b".\r\n":
                        break
                    mail += text
                words = email.message_from_bytes(mail, policy=email.policy.default).get_content()
                found = re.findall(r"(https://\S+/(r|o|pin)/\S+)", words)
                with self.came:
                    # The first of each kind.
                    for kind in {kind for _, kind in found}:
                        link = next(link for link, one in found if one == kind)
                        self.links.append(((to, kind), link))
                    self.came.notify_all()
            say("221 bye" if verb.upper().startswith("QUIT") else "250 well")

    def link(self, to, kind="r"):
        """The next link to somebody: of a referral, to their own page, or to another PIN."""
        with self.came:
            there = lambda: [one for one in self.links if one[0] == (to, kind)]
            assert self.came.wait_for(there, 30), f"no e-mail came to {to}"
            found = there()[0]
            self.links.remove(found)
            return found[1]


def refer(deployment, owner, number, silent=False, urgent=True):
    """Another person with the same need."""
    bundle = copy.deepcopy(referral.bundle("clinic"))
    patient, _, request, task = (entry["resource"] for entry in bundle["entry"])
    patient["identifier"][0]["value"] = f"A-{number}"
    patient["name"] = [{"family": f"Lindqvist-Okafor {number}", "given": ["Maria"]}]
    patient["birthDate"] = f"19{50 + number}-04-02"
    patient["telecom"] = [
        {"system": "phone", "value": "+1 555 0142"},
        {"system": "email", "value": "maria.lindqvist-okafor@mail.example"},
    ]
    patient["communication"] = [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}, "preferred": True}
    ]
    if urgent:
        request["priority"] = "urgent"
    request["note"] = [{"text": "Has a nut allergy, and a child of four months in the household."}]
    if silent:
        code = {"system": referral.SDOHCC, "code": "contacting-subject-prohibited"}
        request["orderDetail"] = [{"coding": [code]}]
    task["identifier"][0]["value"] = f"R-{number}"
    text = json.dumps(bundle)
    text = text.replace('"pantry"', f'"{owner}"').replace("Organization/pantry", f"Organization/{owner}")
    deployment.ask("clinic", "POST", "/fhir", json.loads(text), "application/fhir+json")


def forget(link):
    """Says on a page that the PIN is forgotten, as a browser does."""
    origin = "/".join(link.split("/")[:3])
    headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(f"{link}/forgot", data=b"", headers=headers, method="POST")
    urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=30).read()


def main():
    loopgate, folder, node, chromium, screenshots = sys.argv[1:]
    deployment, post = Deployment(loopgate, os.path.join(folder, "deployment")), Post()
    path = os.path.join(deployment.folder, "loopgate.toml")
    with open(path) as file:
        text = file.read()
    people = f"https://localhost:{deployment.people}"
    text, count = re.subn(r'(?m)^base_url = "https://localhost:8444"', f'base_url = "{people}"', text)
    assert count == 1, "base_url of [people]"
    text = text.replace("\n# desk_phone = ", "\ndesk_phone = ")
    text += f'\n[mail]\nhost = "127.0.0.1"\nport = {post.port}\ntls = "none"\nfrom = "referrals@gateway.example"\ndigest_gather_s = 5\n'
    with open(path, "w") as file:
        file.write(text)
    deployment.partner("clinic", "source")
    deployment.partner("housing", "target")
    pins = {}
    for name, language in [("pantry", "en"), ("despensa", "es")]:
        words = ["--role", "target", "--identifier", f"urn:example:npi|{name}"]
        words += ["--agreement-until", "2099-12-31", "--email", f"intake@{name}.example"]
        said = deployment.do("partner", "--data", deployment.folder, "add", name, *words)
        pins[name] = re.search(r"\b\d{8}\b", said).group(0)
        path = os.path.join(deployment.folder, "partners", f"{name}.toml")
        with open(path) as file:
            text = file.read()
        text, count = re.subn(r'language = "en"', f'language = "{language}"', text)
        assert count == 1, "language"
        text = re.sub(r'(?m)^time_zone = "[^"]*"', 'time_zone = "America/New_York"', text)
        with open(path, "w") as file:
            file.write(text)
    said = deployment.do(
        "staff", "--data", deployment.folder, "add", "ines", "--role", "coordinator"
    )
    deployment.serve()
    try:
        def link(owner, number, silent=False):
            refer(deployment, owner, number, silent)
            return post.link(f"intake@{owner}.example")

        def office(owner, number):
            """What does not hurry is gathered, and two are answered on a page of their own."""
            for one in (number, number + 1):
                refer(deployment, owner, one, urgent=False)
            return post.link(f"intake@{owner}.example", "o")

        given = {
            "chromium": chromium,
            "screenshots": screenshots,
            "people": people,
            "pins": pins,
            "staff": {
                "name": "ines",
                "password": re.search(r"(?m)^password\s+(\S+)", said).group(1),
                "secret": re.search(r"secret=([A-Z2-7]+)", said).group(1),
            },
            "links": {
                "clicks": link("pantry", 1),
                "keyboard": link("pantry", 2),
                "narrow": link("pantry", 3, silent=True),
                "spanish": link("despensa", 4),
                "sheet": link("pantry", 5, silent=True),
            },
        }
        given["offices"] = {"pantry": office("pantry", 6), "despensa": office("despensa", 8)}
        forget(given["links"]["narrow"])
        given["forgotten"] = post.link("intake@pantry.example", "pin")
        program = ["node", os.path.join(node, "pages.mjs")]
        done = subprocess.run(program, input=json.dumps(given), text=True, timeout=240)
        assert done.returncode == 0, "the pages are not as they should be"
        deployment.stop()
    except BaseException:
        deployment.log.seek(0)
        sys.stderr.write(deployment.log.read()[-4000:])
        raise
    finally:
        deployment.process.kill()


main()
