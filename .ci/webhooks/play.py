"""A pantry takes webhooks and believes those alone that the libraries of others believe.

    play.py LOOPGATE FOLDER [--node FOLDER]"""

import datetime
import http.server
import json
import os
import queue
import subprocess
import sys
import threading
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(here, "..", "peers"), os.path.join(here, "..", "fhir-clients")]

import referral
from deployment import Deployment
from standardwebhooks import Webhook, WebhookVerificationError

PATIENCE_S = 20
NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Receiver:
    """An HTTPS server that answers with what it is told to, then 204."""

    def __init__(self):
        self.heard, self.answers = queue.Queue(), []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                code = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(code)
                self.send_header("content-length", "0")
                self.end_headers()
                receiver.heard.put(({name: self.headers[name] for name in NAMES}, body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"https://localhost:{self.server.server_port}/hooks"

    def serve(self, tls):
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        return self.heard.get(timeout=PATIENCE_S)


class Libraries:
    """From PyPI, and from npm if it could be had."""

    def __init__(self, node):
        self.node = None
        if node:
            words = ["node", os.path.join(node, "verify.mjs")]
            pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.node = subprocess.Popen(words, text=True, **pipes)

    def believe(self, secret, headers, body):
        try:
            Webhook(secret).verify(body, headers)
            said = True
        except WebhookVerificationError:
            said = False
        if self.node:
            print(json.dumps(dict(secret=secret, headers=headers, body=body)), file=self.node.stdin)
            self.node.stdin.flush()
            npm = self.node.stdout.readline().strip()
            assert npm == ("ok" if said else "no"), f"PyPI says {said}, npm says {npm}"
        return said


def main():
    loopgate, work, *others = sys.argv[1:]
    node = others[others.index("--node") + 1] if "--node" in others else None
    receiver, libraries = Receiver(), Libraries(node)
    deployment = Deployment(loopgate, os.path.join(work, "community"))
    deployment.partner("hospital-a", "source")
    until = str(datetime.date.today() + datetime.timedelta(days=300))
    words = ["partner", "--data", deployment.folder, "add", "pantry", "--role", "target"]
    words += ["--identifier", "urn:example:npi|pantry", "--agreement-until", until]
    secret = deployment.do(*words, "--push", receiver.url).split()[-1]
    assert secret.startswith("whsec_"), "a secret is printed"
    receiver.serve(deployment.server())
    deployment.serve()
    hook = lambda *words: deployment.do("webhook", "--data", deployment.folder, *words)

    receiver.answers = [503]
    bundle = referral.bundle("hospital-a")
    deployment.ask("hospital-a", "POST", "/fhir", bundle, "application/fhir+json")
    first, again = receiver.next(), receiver.next()
    for headers, body in (first, again):
        assert libraries.believe(secret, headers, body), "what we signed is believed"
    assert first[0]["webhook-id"] == again[0]["webhook-id"] and first[1] == again[1]
    said = json.loads(first[1])
    assert said["type"] == "referral.created" and set(said) == {"type", "timestamp", "data"}
    assert set(said["data"]) == {"referral_id", "url"}

    headers, body = again
    late = {**headers, "webhook-timestamp": str(int(time.time()) - 3600)}
    other = {**headers, "webhook-id": "another"}
    assert not libraries.believe(secret, headers, body + " ")
    assert not libraries.believe(secret, late, body)
    assert not libraries.believe(secret, other, body)
    path = said["data"]["url"].split(str(deployment.machines), 1)[1]
    whole = deployment.ask("pantry", "GET", path)
    assert whole["referral_id"] == said["data"]["referral_id"]

    new = hook("rotate", "pantry", "--overlap", "1").strip()
    assert hook("test", "pantry").strip().endswith("was taken")
    test = receiver.next()
    assert libraries.believe(secret, *test) and libraries.believe(new, *test), "both sign"
    hook("rotate", "pantry", "--overlap", "0")
    hook("test", "pantry")
    assert not libraries.believe(new, *receiver.next()), "the old one signs no more"

    hook("replay", "pantry")
    replayed = receiver.next()
    assert replayed[0]["webhook-id"] == first[0]["webhook-id"]
    listed = json.loads(hook("list", "--json"))
    assert [one["partner"] for one in listed] == ["pantry"]
    deployment.stop()
    print(f"webhooks: standardwebhooks of PyPI{' and npm' if node else ''} believe what they should")


main()
