"""Each peer refers Maria by its own client and is answered at its own server.

    play.py LOOPGATE FOLDER [--node FOLDER] [--java FOLDER]

Each server answers the first RRI late, then with AE, then for another message, and then well: it gets
that one RRI again and again under one control id, and everything after it once, in order."""

import functools
import os
import sys
import time

import receivers
import senders
from deployment import Deployment

PLAN = ["late", "AE", "wrong"]
PATIENCE_S = 15
# Longer than the gateway waits before it tries anything again.
QUIET_S = 2.5


def referral(hospital, control, modes, placer):
    facility = hospital.upper()
    now = time.strftime("%Y%m%d%H%M%S+0000", time.gmtime())
    segments = [
        f"MSH|^~\\&|EHR|{facility}|LOOPGATE|TOWN|{now}||REF^I12^REF_I12|{control}|T|2.5.1|||{modes}",
        f"RF1||R|food-insecurity^Food^SDOHCC|||{placer}^{facility}|||{now}",
        "PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry",
        f"PID|||A-99871^^^{facility}||Lindqvist-Okafor^Maria||19880402|F|||14 Juniper Row^^Fernhill",
        "PR1|||467771000124109^Assistance with food^SCT",
        "NTE|1||Jalapeño, café, naïve: no ASCII.",
    ]
    segments[0] += "|||UNICODE UTF-8" if modes else "||||UNICODE UTF-8"
    return "".join(one + "\r" for one in segments)


def field(message, name, number):
    line = next((one for one in message.split("\r") if one.startswith(name)), "")
    fields = line.split("|")
    at = number - 1 if name == "MSH" else number
    return fields[at] if at < len(fields) else ""


def sends(deployment, hospital, send):
    """One message in original mode and one in enhanced mode; and both again."""
    plain = referral(hospital, f"{hospital}-1", "", "R-1")
    enhanced = referral(hospital, f"{hospital}-2", "AL|AL", "R-2")
    before = len(deployment.inbox())
    first = send(deployment, hospital, [plain, enhanced])
    assert len(first) == 2, first
    for message, ack, code in zip([plain, enhanced], first, ["AA", "CA"]):
        told = [field(ack, "MSA", n) for n in (1, 2)]
        assert told == [code, field(message, "MSH", 10)], ack
        parties = [field(ack, "MSH", n) for n in (3, 4, 5, 6)]
        assert parties == ["LOOPGATE", "TOWN", "EHR", hospital.upper()], ack
    again = send(deployment, hospital, [enhanced, plain])
    assert again == first[::-1], "a resend is answered as the first was, byte for byte"
    assert len(deployment.inbox()) == before + 2, "one referral each"


def is_answered(deployment, hospital, receiver):
    """Until the loops are closed; how many messages after the first came again."""
    # In the order in which they were first heard, under their control ids.
    heard = {}

    def hears(patience_s):
        one = receiver.next(patience_s)
        if one:
            heard.setdefault(field(one[0], "MSH", 10), []).append(one)
        return one

    for _ in [*PLAN, "AA"]:
        assert hears(PATIENCE_S), f"{hospital} is not told; so far {heard}"
    assert len(heard) == 1, f"one message has one control id, and not {list(heard)}"
    said = [says for _, says in next(iter(heard.values()))]
    assert said == [*PLAN, "AA"], said
    for one in deployment.inbox()[-2:]:
        deployment.act(one, "accept", {})
        deployment.act(one, "served", {"outcome": {"text": "Food box for four"}})
    while hears(QUIET_S if len(heard) >= 5 else PATIENCE_S):
        pass
    told = {"R-1": [], "R-2": []}
    for again in heard.values():
        message = again[0][0]
        placer = field(message, "RF1", 6).split("^")[0]
        told[placer].append((field(message, "MSH", 9), field(message, "RF1", 1)))
    # The application answer comes to whom asked for it, and says which message it answers.
    first = next(iter(heard.values()))[0][0]
    assert [field(first, "MSA", n) for n in (1, 2)] == ["AA", f"{hospital}-2"], first
    closed = [("RRI^I12^RRI_I12", "A"), ("RRI^I13^RRI_I12", "A")]
    pending = [("RRI^I12^RRI_I12", "P")]
    assert told == {"R-1": closed, "R-2": pending + closed}, (hospital, told)
    return sum(len(again) - 1 for again in list(heard.values())[1:])


def main():
    loopgate, folder, *others = sys.argv[1:]
    others = dict(zip(others[::2], others[1::2]))
    deployment = Deployment(loopgate, os.path.join(folder, "deployment"))
    peers = [
        ("python-hl7", senders.by_asyncio, receivers.OfPythonHl7(deployment, PLAN)),
        ("hl7apy", senders.by_mllp_send, receivers.OfHl7apy(deployment, PLAN)),
    ]
    for kind, name, send, receive in [
        ("--node", "node-hl7", senders.by_node, receivers.of_node),
        ("--java", "hapi", senders.by_hapi, receivers.of_hapi),
    ]:
        if kind in others:
            at = {"folder": others[kind]}
            server = receive(deployment, PLAN, **at)
            peers.append((name, functools.partial(send, **at), server))
    deployment.partner("pantry", "target")
    for name, _, receiver in peers:
        deployment.hospital(name, receiver.port)
    deployment.serve()
    try:
        for name, send, receiver in peers:
            begun = time.monotonic()
            deployment.consents(name)
            sends(deployment, name, send)
            again = is_answered(deployment, name, receiver)
            took = time.monotonic() - begun
            print(f"peers: {name} refers and is answered in {took:.1f} s; {again} messages came again")
        for name, _, receiver in peers:
            late = receiver.next(0.1)
            assert late is None, (name, late)
        bundle = os.path.join(folder, "evidence")
        deployment.do("export", "bundle", "--data", deployment.folder, "--out", bundle, "--case", "peers")
        deployment.do("verify", "bundle", bundle)
        deployment.stop()
    except BaseException:
        deployment.log.seek(0)
        sys.stderr.write(deployment.log.read()[-4000:])
        raise
    finally:
        deployment.process.kill()
        for _, _, receiver in peers:
            if hasattr(receiver, "process"):
                receiver.process.kill()


main()
