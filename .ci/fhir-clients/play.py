"""Each client closes a loop of its own, the pantry's side with the same client.

    play.py LOOPGATE FOLDER [--node FOLDER] [--java FOLDER]"""

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


def by_program(deployment, hospital, words):
    """A client in a program of its own: how many steps went well, and whether all did."""
    given = {
        "bundle": referral.bundle(hospital),
        # What they refer to is known to the program once it is there.
        "procedure": referral.procedure("ServiceRequest/x", "Patient/x"),
        "output": referral.output("Procedure/x"),
        "observations": [referral.observation("Patient/x", day) for day in range(1, 6)],
    }
    words = [*words, deployment.base, deployment.path("ca.pem"), deployment.path("clients"), hospital]
    said = subprocess.run(
        words,
        input=json.dumps(given),
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
    )
    *lines, last = said.stdout.splitlines() or ["{}"]
    for line in lines:
        print(line)
    done = json.loads(last).get("done", 0)
    return done, said.returncode == 0 and done > 0


def main():
    loopgate, folder, *others = sys.argv[1:]
    others = dict(zip(others[::2], others[1::2]))
    deployment = Deployment(loopgate, os.path.join(folder, "deployment"))
    players = [("fhirpy", by_fhirpy), ("fhirclient", by_fhirclient)]
    deployment.partner("pantry", "target")
    programs = []
    if "--node" in others:
        words = ["node", os.path.join(others["--node"], "kit.mjs")]
        programs.append(("fhir-kit-client", "kit", words))
    if "--java" in others:
        path = os.pathsep.join([others["--java"], os.path.join(others["--java"], "*")])
        words = ["java", "-cp", path, "HapiFhir"]
        programs.append(("hapi", "hapi", words))
    for name in [*(name for name, _ in players), *(name for _, name, _ in programs)]:
        deployment.partner(name, "source")
    deployment.serve()
    failed = 0
    try:
        for name, player in players:
            begun = time.monotonic()
            steps = player.play(deployment)
            tell(name, steps.done, len(steps.failed), begun)
            failed += len(steps.failed)
        for name, hospital, words in programs:
            begun = time.monotonic()
            done, good = by_program(deployment, hospital, words)
            tell(name, done, not good, begun)
            failed += not good
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
