"""Each client closes a loop of its own, the pantry's side with the same client.

    play.py LOOPGATE FOLDER [--node FOLDER]"""

import json
import os
import subprocess
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))

import by_fhirclient
import by_fhirpy
import referral
from deployment import Deployment

PATIENCE_S = 60


def by_kit(deployment, folder):
    """fhir-kit-client, in a program of its own; `None` if all went well."""
    hospital = "kit"
    given = {
        "bundle": referral.bundle(hospital),
        "procedure": referral.procedure("", ""),
        "output": referral.output(""),
        "observations": [referral.observation("", day) for day in range(1, 6)],
    }
    words = ["node", os.path.join(folder, "kit.mjs"), deployment.base]
    words += [deployment.path("ca.pem"), deployment.path("clients"), hospital]
    said = subprocess.run(
        words,
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
    )
    *lines, last = said.stdout.splitlines() or ["{}"]
    print(*lines, sep="\n", end="\n" if lines else "")
    return json.loads(last).get("done", 0), said.returncode


def main():
    loopgate, folder, *others = sys.argv[1:]
    others = dict(zip(others[::2], others[1::2]))
    deployment = Deployment(loopgate, os.path.join(folder, "deployment"))
    players = [("fhirpy", by_fhirpy), ("fhirclient", by_fhirclient)]
    deployment.partner("pantry", "target")
    for name in [by_fhirpy.HOSPITAL, by_fhirclient.HOSPITAL, "kit"]:
        deployment.partner(name, "source")
    deployment.serve()
    failed = 0
    try:
        for name, player in players:
            begun = time.monotonic()
            steps = player.play(deployment)
            tell(name, steps.done, len(steps.failed), begun)
            failed += len(steps.failed)
        if "--node" in others:
            begun = time.monotonic()
            done, code = by_kit(deployment, others["--node"])
            tell("fhir-kit-client", done, code, begun)
            failed += code != 0 or done == 0
        bundle = os.path.join(folder, "evidence")
        words = ["export", "bundle", "--data", deployment.folder, "--out", bundle, "--case", "clients"]
        deployment.do(*words)
        deployment.do("verify", "bundle", bundle)
        deployment.stop()
    except BaseException:
        failed += 1
        raise
    finally:
        deployment.process.kill()
        if failed:
            deployment.log.seek(0)
            sys.stderr.write(deployment.log.read()[-4000:])
    if failed:
        sys.exit(1)


def tell(name, done, failed, begun):
    took = time.monotonic() - begun
    how = "closes the loop" if not failed else "does not close the loop"
    print(f"fhir-clients: {name} {how} in {took:.1f} s; {done} steps went well")


main()
