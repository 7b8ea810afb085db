#!/usr/bin/env python3
"""Tests of verify.py: a small writer of bundles, also from FORMAT.md alone, and everything that must not pass.

    test_verify.py            the tests
    test_verify.py --mutants  switches off each check of verify.py in turn and expects the tests to notice
"""

import contextlib
import hashlib
import hmac
import io
import json
import os
import shutil
import struct
import sys
import tempfile
import unittest
import unittest.mock
from base64 import b64encode

import verify

ORIGIN = "log.example/ledger/0"


def sha256(data):
    return hashlib.sha256(data).digest()


def j(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def root(data):
    """RFC 6962 section 2.1 as it stands there."""
    if not data:
        return sha256(b"")
    if len(data) == 1:
        return sha256(b"\0" + data[0])
    k = 1
    while 2 * k < len(data):
        k *= 2
    return sha256(b"\1" + root(data[:k]) + root(data[k:]))


class Signer:
    """Ed25519 by RFC 8032 section 5.1.6; for tests, as it leaks its key."""

    def __init__(self, secret, name=ORIGIN):
        h = hashlib.sha512(secret).digest()
        self.a = int.from_bytes(h[:32], "little") & (2**254 - 8) | 2**254
        self.prefix, self.name = h[32:], name
        self.public = verify.encode_point(self.times(self.a))
        self.id = sha256(name.encode() + b"\n\1" + self.public)[:4]
        self.vkey = "%s+%s+%s" % (name, self.id.hex(), b64encode(b"\1" + self.public).decode())

    @staticmethod
    def times(n):
        return verify.add_multiples(n, verify.BASE, 0, verify.IDENTITY)

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self.prefix + message).digest(), "little") % verify.ORDER
        big_r = verify.encode_point(self.times(r))
        k = int.from_bytes(hashlib.sha512(big_r + self.public + message).digest(), "little")
        return big_r + ((r + k * self.a) % verify.ORDER).to_bytes(32, "little")

    def line(self, text):
        return "\u2014 %s %s\n" % (self.name, b64encode(self.id + self.sign(text.encode())).decode())


KEYS = [Signer(bytes([n]) * 32) for n in range(3)]


def note(size, root_, signers, origin=ORIGIN):
    text = "%s\n%d\n%s\n" % (origin, size, b64encode(root_).decode())
    return (text + "\n" + "".join(signer.line(text) for signer in signers)).encode()


def hkdf(seed, info):
    return hmac.digest(hmac.digest(bytes(32), seed, "sha256"), info + b"\1", "sha256")


class Entry:
    def __init__(self, index, values, hide=(), time=None, seed=None):
        seed = seed or sha256(b"seed %d" % index)
        fields, macs = [], []
        for n, name in enumerate(verify.FIELDS):
            key, value = hkdf(seed, b"lg-field-v1" + struct.pack(">H", n)), values.get(name, "")
            macs.append(hmac.digest(key, name.encode() + b"\0" + value.encode(), "sha256"))
            if name in hide:
                fields.append({"d": macs[-1].hex(), "n": name})
            else:
                fields.append({"k": key.hex(), "n": name, "v": value})
        self.macs, self.commitment = macs, root(macs)
        self.opening = {"f": fields, "i": index}
        self.leaf = {
            "c": b64encode(self.commitment).decode(),
            "i": index,
            "l": sha256(ORIGIN.encode()).hex()[:16],
            "t": time or "2026-11-22T01:%02d:%02dZ" % (index // 60 % 60, index % 60),
            "v": 1,
        }


def path_of(prefix, n, width):
    digits = str(n)
    digits = "0" * (-len(digits) % 3) + digits
    groups = [digits[k : k + 3] for k in range(0, len(digits), 3)]
    return prefix + "/".join(["x" + g for g in groups[:-1]] + groups[-1:]) + ("" if width == 256 else ".p/%d" % width)


class Log:
    """Values of entries in, the files of a bundle out."""

    def __init__(self, *values):
        self.entries, self.files_of_rotations, self.keys, self.chains = [], {}, KEYS[:1], {}
        for value in values:
            self.add(**value)

    def add(self, hide=(), time=None, seed=None, **values):
        index = len(self.entries)
        for field in verify.CHAINS:
            if isinstance(values.get(field), list):  # names: their links are worked out
                values[field] = j([self.link(field, id_, index) for id_ in values[field]])
        self.entries.append(Entry(index, values, hide, time, seed))
        return index

    def link(self, field, id_, index):
        n, prev = self.chains.get((field, id_), (0, -1))
        self.chains[field, id_] = (n + 1, index)
        return {"id": id_, "n": n + 1, "prev": prev}

    def rotate(self, to, add=True, signers=None):
        payload = j({"from": self.keys[-1].vkey, "to": to.vkey})
        if add:
            self.add(kind="ledger.key", payload=payload)
        signed = note(len(self.entries), self.root(), signers or [self.keys[-1], to])
        self.files_of_rotations["rotations/%d" % (len(self.keys) - 1)] = signed
        self.keys = self.keys + [to]

    def leaves(self):
        return [j(entry.leaf).encode() for entry in self.entries]

    def root(self):
        return root(self.leaves())

    def files(self, without=(), signers=None, leaves=None):
        leaves = self.leaves() if leaves is None else leaves
        files = {
            "log.vkeys": "".join(key.vkey + "\n" for key in self.keys).encode(),
            "checkpoint": note(len(leaves), root(leaves), signers or self.keys[-1:]),
            "entries.jsonl": "".join(j(e.opening) + "\n" for e in self.entries if e.opening["i"] not in without).encode(),
            **self.files_of_rotations,
        }
        for n in range(0, len(leaves), 256):
            some = leaves[n : n + 256]
            data = b"".join(struct.pack(">H", len(leaf)) + leaf for leaf in some)
            files[path_of("tile/entries/", n // 256, len(some))] = data
        level, span = 0, 1
        while len(leaves) >= span:
            hashes = [root(leaves[k : k + span]) for k in range(0, len(leaves) - span + 1, span)]
            for n in range(0, len(hashes), 256):
                some = hashes[n : n + 256]
                files[path_of("tile/%d/" % level, n // 256, len(some))] = b"".join(some)
            level, span = level + 1, span * 256
        return files


def sealed(files):
    listed = {name: sha256(data).hex() for name, data in files.items()}
    manifest = j({"files": listed, "format": "loopgate-bundle", "version": 2}).encode()
    return {**files, "manifest.json": manifest}


def story():
    """Five entries: two subjects, one patient, an entry erased by the last."""
    log = Log(
        dict(kind="demo.opened", subject=["s/1"], patient=["p/1"], note='caf\u00e9 "1"\n\x7f\x01'),
        dict(kind="demo.noted", subject=["s/1", "s/2"], hide=("note", "actor")),
        dict(kind="demo.closed", subject=["s/2"], patient=["p/1"], parties=["q"]),
    )
    links = {"parties": [{"id": "q", "n": 1, "prev": -1}], "patient": [{"id": "p/1", "n": 2, "prev": 0}]}
    links["subject"] = [{"id": "s/2", "n": 2, "prev": 1}]
    log.add(kind="key.shred", payload=j({"erased": [{"i": 2, "links": links}]}))
    log.add(kind="demo.after", subject=["s/2"], parties=["q"], patient=["p/1"])
    return log


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        base = "/dev/shm" if os.path.isdir("/dev/shm") else None
        cls.folder = tempfile.mkdtemp(dir=base)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def put(self, files, name="b"):
        directory = os.path.join(self.folder, name)
        shutil.rmtree(directory, ignore_errors=True)
        for path, data in files.items():
            whole = os.path.join(directory, path)
            os.makedirs(os.path.dirname(whole), exist_ok=True)
            with open(whole, "wb") as file:
                file.write(data)
        return directory

    def run_main(self, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = verify.main(arguments)
        return code, out.getvalue()

    def verdict(self, files, seal=True, pinned=None):
        return verify.bundle_verdicts(self.put(sealed(files) if seal else files), pinned)

    def expect(self, code, reason, files, seal=True, pinned=None):
        verdicts, got = self.verdict(files, seal, pinned)
        self.assertEqual(got, code, verdicts)
        self.assertIn(reason, verdicts["completeness" if code == 3 else "integrity"])

    def incomplete(self, reason, log, without=()):
        self.expect(3, reason, log.files(without))


class Figures(unittest.TestCase):
    def test_example_of_the_page(self):
        log = Log(
            dict(seed=bytes(range(32)), time="2026-11-22T01:02:03Z", kind="demo.opened", note='caf\u00e9 "1"'),
            dict(seed=bytes(range(32, 64)), time="2026-11-22T01:02:04Z", kind="demo.noted"),
            dict(seed=bytes(range(64, 96)), time="2026-11-22T01:02:05Z", kind="demo.closed"),
        )
        first = log.entries[0]
        page = {
            "key": "596b51b130a6f49ccb270ef62d279666e0e64bcb43da616473e5676987a5b446",
            0: "f99cbb52330a549d4abb0f7a4e2099f852f8f78e511e3625c2f592c343b9ec54",
            1: "2d26c6a7b510a790d8a0409fab004ba6642ba49daf2ea4663c12289cea25c200",
            13: "80371cd3155ebb117f8219dfb6c623a2458a5a2cce183f293d7b9a1ebf378fe0",
        }
        self.assertEqual(first.opening["f"][0]["k"], page.pop("key"))
        self.assertEqual({n: first.macs[n].hex() for n in page}, page)
        self.assertEqual(first.commitment.hex(), "05b028746d08159194f422dab479252758a9f6f6a7d1c6c5a061481e3627f82a")
        commitments = "BbAodG0IFZGU9CLatHklJ1ip9van0cbFoGFIHjYn+Co= ajVCGsX+AdfR3Eqmf6Is3y1V+Kla1z08rhIc3cpc/Pg="
        commitments += " Q5OnrGpc27xpcaHxWbYytL4sk2y0iwL4fLtwqI484vM="
        for index, c in enumerate(commitments.split()):
            leaf = '{"c":"%s","i":%d,"l":"8776c13290b81c65","t":"2026-11-22T01:02:0%dZ","v":1}' % (c, index, 3 + index)
            self.assertEqual(log.leaves()[index].decode(), leaf)
        hashes = [verify.leaf_hash(leaf) for leaf in log.leaves()]
        self.assertEqual(hashes[0].hex(), "c5535a77bfb045b22a9d002deed4a3e6e6c709fb02960e3ed8d989912134957c")
        self.assertEqual(hashes[1].hex(), "66272fdc596bc99613ab78852f9d1f76570632db3d7e325b28b3d3404b4706b4")
        self.assertEqual(hashes[2].hex(), "39647d5c9d39fb2047bd7891e832fd42b67d806f71c4f7045603afcce078f97e")
        tree = verify.Tree(hashes)
        self.assertEqual(tree.root(2).hex(), "ee9003e05da6d18417890573c5357080530ba3e1105def4b1d84e055685264da")
        self.assertEqual(tree.root(3).hex(), "62c5df81fc3ffcef0ca02eff6328de8fb19510be8ded6b7fae1b1857fa8b4d9c")
        files = log.files()
        self.assertEqual(files["tile/0/000.p/3"], b"".join(hashes))
        self.assertEqual(len(files["tile/entries/000.p/3"]), 348)
        read = verify.read_opening(j(first.opening).encode())
        self.assertEqual(read[:2], (0, first.commitment))

    def test_tree_roots(self):
        data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
        data = [bytes.fromhex(text) for text in data]
        known = """e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
            6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
            fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
            aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
            d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
            4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
            76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
            ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
            5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328""".split()
        tree = verify.Tree([verify.leaf_hash(d) for d in data])
        self.assertEqual([tree.root(n).hex() for n in range(9)], known)
        many = [b"%d" % n for n in range(70)]
        tree = verify.Tree([verify.leaf_hash(d) for d in many])
        self.assertEqual([tree.root(n) for n in range(71)], [root(many[:n]) for n in range(71)])

    def test_tile_paths(self):
        names = {5: "005", 999: "999", 1000: "x001/000", 1234067: "x001/x234/067"}
        self.assertEqual({n: verify.tile_number(n) for n in names}, names)
        levels = dict(verify.levels_of(70000))
        self.assertEqual(levels, {0: 70000, 1: 273, 2: 1})
        paths = [path for level, n in levels.items() for path, _, _ in verify.tiles_of("%d/" % level, n)]
        self.assertEqual(len(paths), 273 + 1 + 1 + 1 + 1)
        self.assertEqual([p for p in paths if "p" in p], ["0/273.p/112", "1/001.p/17", "2/000.p/1"])
        self.assertEqual([p for p, _, _ in verify.tiles_of("1/", 256)], ["1/000"])

    def test_canonical_json(self):
        for good in ['{"a":-1,"b":[9007199254740991,"\u20ac\x7f\U0001f600\\u001f\\b\\t\\n\\f\\r\\"\\\\/"]}', "[]", "{}", '""']:
            verify.canonical(good.encode(), "text")
        bad = """{"b":1,"a":2}|{"a":1,"a":1}|[ ]|[1] |-2|9007199254740992|1.0|1e0|-0|01|null|true|NaN|"\\/"|"\\u0041"|"\\u001F"
            |"\\u000a"|"\t"|"\\ud800"||[1,]|\ufeff[]|"\\u20ac\"""".split("|") + ["[" * 100000, "9" * 5000]
        for text in bad:
            with self.assertRaises(verify.Bad, msg=text[:40]):
                verify.canonical(text.encode(), "text")
        with self.assertRaises(verify.Bad):
            verify.canonical(b'"\xc0\x80"', "text")


class Ed25519(unittest.TestCase):
    VECTORS = """
        9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60
        d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a -
        e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
        4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb
        3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c 72
        92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
        c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7
        fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025 af82
        6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
        """.split()

    def test_vectors(self):
        for k in range(0, len(self.VECTORS), 4):
            secret, public, message, signature = (bytes.fromhex(t.strip("-")) for t in self.VECTORS[k : k + 4])
            signer = Signer(secret)
            self.assertEqual((signer.public, signer.sign(message)), (public, signature))
            self.assertTrue(verify.ed25519_verify(public, message, signature))
            self.assertFalse(verify.ed25519_verify(public, message + b"x", signature))
            for byte in range(64):
                flipped = bytearray(signature)
                flipped[byte] ^= 1 << byte % 8
                self.assertFalse(verify.ed25519_verify(public, message, bytes(flipped)))
            s = int.from_bytes(signature[32:], "little") + verify.ORDER
            self.assertFalse(verify.ed25519_verify(public, message, signature[:32] + s.to_bytes(32, "little")))

    def test_small_order_and_odd_encodings(self):
        one, minus_one = (1).to_bytes(32, "little"), (verify.P - 1).to_bytes(32, "little")
        self.assertFalse(verify.ed25519_verify(one, b"m", one + bytes(32)))
        for public in (one, minus_one, bytes(32)):
            r = Signer.times(7)
            self.assertTrue(verify.small_order(verify.decode_point(public)))
            for m in range(16):  # with a key of small order some message would pass
                signature = verify.encode_point(r) + (7).to_bytes(32, "little")
                self.assertFalse(verify.ed25519_verify(public, b"%d" % m, signature))
        signer = KEYS[0]  # R the identity, and S to match
        k = int.from_bytes(hashlib.sha512(one + signer.public + b"m").digest(), "little")
        s = k * signer.a % verify.ORDER
        self.assertFalse(verify.ed25519_verify(signer.public, b"m", one + s.to_bytes(32, "little")))
        self.assertIsNone(verify.decode_point((verify.P + 1).to_bytes(32, "little")))
        self.assertIsNone(verify.decode_point((1 | 1 << 255).to_bytes(32, "little")))
        self.assertIsNone(verify.decode_point((2).to_bytes(32, "little")))


class Bundles(Case):
    def test_good(self):
        files = sealed(story().files(without={2}))
        directory = self.put(files)
        code, out = self.run_main(directory, "--key", KEYS[0].vkey)
        self.assertEqual((code, out), (0, "integrity  holds\ncompleteness  holds\ncapture  not checked\n"))
        code, out = self.run_main(directory, "--json")
        self.assertEqual((code, json.loads(out)["integrity"]), (0, "holds, key not pinned"))
        for key in (KEYS[1].vkey, "", "x"):
            self.assertEqual(self.run_main(directory, "--key", key)[0], 2)
        self.assertEqual(self.run_main(directory + "/none")[0], 2)
        for usage in ((), (directory, "--what"), (directory, directory), ("consistency", directory), (directory, "--key")):
            with self.assertRaises(SystemExit) as stopped, contextlib.redirect_stderr(io.StringIO()):
                verify.main(usage)
            self.assertEqual(stopped.exception.code, 1)

    def test_empty_log(self):
        files = Log().files()
        self.assertEqual(set(files), {"log.vkeys", "checkpoint", "entries.jsonl"})
        self.expect(0, "holds", files)

    def test_sizes_around_a_tile(self):
        log = Log()
        for size in (255, 256, 257, 513):
            while len(log.entries) < size:
                log.add(kind="demo.many", subject=["s"], hide=verify.FIELDS[4:])
            files = log.files()
            self.expect(0, "holds", files)
        del files["tile/1/000.p/2"]
        self.expect(2, "not those of a log of this size", files)

    def test_every_byte(self):
        files = sealed(story().files(without={2}))
        for name, data in files.items():
            for seal in (False, True):
                if seal and name == "manifest.json":
                    continue
                directory = self.put(files)
                for at in range(len(data)):
                    broken = bytearray(data)
                    broken[at] ^= (1, 2, 0x20, 0x80, 0x10)[at % 5]
                    with open(os.path.join(directory, name), "wb") as file:
                        file.write(broken)
                    if seal:
                        again = {**files, name: bytes(broken)}
                        del again["manifest.json"]
                        with open(os.path.join(directory, "manifest.json"), "wb") as file:
                            file.write(sealed(again)["manifest.json"])
                    verdicts, code = verify.bundle_verdicts(directory, None)
                    self.assertEqual(code, 2, (name, at, seal, verdicts))

    def test_every_cut(self):
        files = sealed(story().files(without={2}))
        for name, data in files.items():
            for at in [*range(0, len(data), 97), len(data) - 1, len(data) - 2]:
                self.expect(2, "fails", {**files, name: data[:at]}, seal=False)
            self.expect(2, "fails", {**files, name: data + b"\n"}, seal=False)
            self.expect(2, "fails", {**files, name: data + b"\0"}, seal=False)
            if name != "manifest.json":
                for more in (b"\n", b"\0"):
                    again = {**files, name: data + more}
                    del again["manifest.json"]
                    self.expect(2, "fails", again)

    def test_files(self):
        plain = story().files(without={2})
        files = sealed(plain)
        for name in files:
            rest = {other: data for other, data in files.items() if other != name}
            self.expect(2, "fails", rest, seal=False)
            if name != "manifest.json":
                del rest["manifest.json"]
                self.expect(2, "fails", rest)
                self.expect(2, "fails", {**rest, name + ".bak": files[name]})
            for other in files:
                if files[other] != files[name]:
                    self.expect(2, "fails", {**files, name: files[other], other: files[name]}, seal=False)
                    if "manifest.json" not in (name, other):
                        self.expect(2, "fails", {**plain, name: files[other], other: files[name]})
        for more in ("x", "rotations/0", "tile/1/000.p/1", "tile/0/000.p/4", "tile/0/000", "tile/entries/001.p/1"):
            self.expect(2, "not those of the manifest", {**files, more: b""}, seal=False)
            self.expect(2, "not those of a log", {**plain, more: b""})
        self.expect(2, "missing", {("tile/0/00" if n == "tile/0/000.p/5" else n): d for n, d in plain.items()})
        for breach in ("folder", "symlink", "pipe", "linked folder"):
            directory = self.put(files)
            if breach == "folder":
                os.mkdir(directory + "/x")
            elif breach == "symlink":
                os.rename(directory + "/checkpoint", self.folder + "/away")
                os.symlink(self.folder + "/away", directory + "/checkpoint")
            elif breach == "pipe":
                os.remove(directory + "/checkpoint")
                os.mkfifo(directory + "/checkpoint")
            else:
                shutil.rmtree(self.folder + "/away-tile", ignore_errors=True)
                os.rename(directory + "/tile", self.folder + "/away-tile")
                os.symlink(self.folder + "/away-tile", directory + "/tile")
            verdicts, code = verify.bundle_verdicts(directory, None)
            self.assertEqual(code, 2, breach)
            self.assertRegex(verdicts["integrity"], "plain|empty")

    def test_manifest(self):
        files = sealed(story().files(without={2}))
        good = json.loads(files["manifest.json"])
        wrong = [{**good, "version": 1}, {**good, "version": "2"}, {**good, "format": "x"}, {**good, "more": 1}, [], 1]
        wrong += [{**good, "files": []}, {**good, "files": {**good["files"], "checkpoint": 1}}]
        wrong += [{**good, "files": {n: h.upper() for n, h in good["files"].items()}}]
        wrong += [{**good, "files": {**good["files"], "manifest.json": "0" * 64}}]
        for manifest in wrong:
            self.expect(2, "fails", {**files, "manifest.json": j(manifest).encode()}, seal=False)
        with unittest.mock.patch("verify.MIB", 1), self.assertRaisesRegex(verify.Bad, "manifest is too long"):
            verify.Bundle(self.put(files), None)
        self.expect(2, "canonical", {**files, "manifest.json": json.dumps(good).encode()}, seal=False)

    def test_keys(self):
        log = story()
        files, vkey = log.files(without={2}), KEYS[0].vkey
        name, id_, public = vkey.split("+", 2)
        other = Signer(b"o" * 32, "other.example")
        texts = [b"", vkey.encode(), vkey.encode() + b"\r\n", (vkey + "\n" + vkey + "\n").encode(), b"\xff\n", b"\n"]
        texts += [(text + "\n").encode() for text in (
            name, name + "+" + id_, name + "+" + id_.upper() + "+" + public, vkey + "=", vkey + "+", "+" + id_ + "+" + public,
            name + "+00000000+" + public, other.vkey + "\n" + vkey)]
        texts.append("".join(Signer(b"%032d" % n).vkey + "\n" for n in range(64)).encode() + vkey.encode() + b"\n")
        for text in texts:
            self.expect(2, "fails", {**files, "log.vkeys": text})
        for bad_name in ("a b", "a\u3000b", "a\x7fb", "a\x01b", "x" * 256):
            signer = Signer(b"n" * 32, bad_name)
            with self.assertRaises(verify.Bad):
                verify.Key(signer.vkey)
        verify.Key(Signer(b"n" * 32, "x" * 255).vkey)
        data = b"\2" + KEYS[0].public
        line = "%s+%s+%s" % (name, sha256(name.encode() + b"\n" + data)[:4].hex(), b64encode(data).decode())
        with self.assertRaisesRegex(verify.Bad, "Ed25519"):
            verify.Key(line)

    def test_checkpoint(self):
        log = story()
        files, leaves = log.files(without={2}), log.leaves()
        good = files["checkpoint"].decode()
        text, line = good.split("\n\n")
        witness = Signer(b"w" * 32, "witness.example").line("anything")
        same_name = KEYS[1].line(text + "\n")
        self.expect(0, "holds", {**files, "checkpoint": (good + witness + same_name).encode()})
        self.expect(0, "holds", {**files, "checkpoint": (good + witness * 94).encode()})
        for wrong in (
            good + witness * 96, good + line, good.replace("\n\n", "\n"), text + "\n\n", text + "\nmore\n\n" + line,
            good.rstrip("\n"), good + "\n", good + "\u2014 witness.example\n", good + "\u2014 a+b AAAAAAA=\n", good + "- a AAAAAAA=\n",
            good + "\u2014 a AAAA\n", good + "\u2014 a AAAAAA==\n", good + "\u2014 a AAAAAAB=\n", good + "\u2014 a  AAAAAAA=\n", good + witness + "\n" + witness,
            good.replace("\n", "\r\n"), good.replace("\u2014", "-"), text + "\n\n" + witness, good + "\u2014 a\x01 AAAAAAA=\n",
            good + "\u2014 a\u2003b AAAAAAA=\n", good + witness.rstrip("\n"),
        ):
            self.expect(2, "fails", {**files, "checkpoint": wrong.encode()})
        big = good + "\u2014 a %s\n" % b64encode(bytes(400000)).decode()
        self.expect(2, "too long", {**files, "checkpoint": big.encode()})
        for size, root_, signer, origin in (
            (4, root(leaves), KEYS[0], ORIGIN), (6, root(leaves), KEYS[0], ORIGIN), (5, root(leaves[:4]), KEYS[0], ORIGIN),
            (5, root(leaves), KEYS[1], ORIGIN), (5, root(leaves), KEYS[0], "other"), (5, b"x", KEYS[0], ORIGIN),
            (2**53, root(leaves), KEYS[0], ORIGIN), (2**53 - 1, root(leaves), KEYS[0], ORIGIN), (0, root([]), KEYS[0], ORIGIN),
        ):
            self.expect(2, "fails", {**files, "checkpoint": note(size, root_, [signer], origin)})
        for size in ("05", "+5", "5 ", "\u0665", "-0", ""):
            text = "%s\n%s\n%s\n" % (ORIGIN, size, b64encode(root(leaves)).decode())
            self.expect(2, "fails", {**files, "checkpoint": (text + "\n" + KEYS[0].line(text)).encode()})

    def test_leaves(self):
        changes = [("v", 2), ("v", "1"), ("i", 3), ("i", "1"), ("l", "0" * 16), ("c", b64encode(b"x" * 31).decode()), ("c", 1), ("x", 1)]
        changes += [("c", "A" * 42 + "B="), ("t", 1)]
        changes += [("t", t) for t in ("2026-02-29T00:00:00Z", "2026-11-22T01:00:60Z", "2026-11-22T24:00:00Z",
            "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-22 01:00:01Z", "2026-11-22T01:00:01z", "2026-11-22T00:59:59Z",
            "2026-11-22T01:00:03Z", "+026-11-22T01:00:03Z", "2026-11-22T01:00:01Z\n")]
        for name, value in changes:
            log = story()
            log.entries[1].leaf[name] = value
            self.expect(2, "fails", log.files(without={2}))
        log = story()
        log.entries[1].leaf["t"] = log.entries[0].leaf["t"]
        self.expect(0, "holds", log.files(without={2}))
        log.entries[0].leaf["x"] = "x" * 500
        self.expect(2, "too long", log.files(without={2}))
        leaves = story().leaves()
        leaves[1] = leaves[1].replace(b":", b": ")
        self.expect(2, "canonical", story().files(without={2}, leaves=leaves))
        files = story().files(without={2})
        name = "tile/entries/000.p/5"
        self.expect(2, "its length", {**files, name: files[name] + b"\0\0"})
        swapped = story()
        swapped.entries[0], swapped.entries[1] = swapped.entries[1], swapped.entries[0]
        self.expect(2, "fails", swapped.files(without={2}))
        for time in ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2028-02-29T00:00:00Z"):
            self.expect(0, "holds", Log(dict(time=time)).files())

    def test_openings(self):
        log = story()
        files = log.files(without={2})
        lines = files["entries.jsonl"].splitlines(keepends=True)
        for wrong in (lines[::-1], lines[:1] * 2, [lines[0][:-1] + b"\r\n"], [b"\n"], lines + [b"\n"], [lines[0] + lines[1][:-1]]):
            self.expect(2, "fails", {**files, "entries.jsonl": b"".join(wrong)})
        self.expect(3, "neither", {**files, "entries.jsonl": b""})
        for k in range(len(lines)):
            self.expect(3, "", {**files, "entries.jsonl": b"".join(lines[:k] + lines[k + 1 :])})
        good = log.entries[1].opening
        f = good["f"]
        hidden, shown = f[13], f[0]
        for opening in (
            {**good, "i": 0}, {**good, "i": 5}, {**good, "i": "1"}, {**good, "i": -1}, {**good, "x": 1}, [], {"f": 1, "i": 1},
            {"f": f[:13], "i": 1}, {"f": f + [hidden], "i": 1}, {"f": [f[1], f[0]] + f[2:], "i": 1},
            {"f": f[:13] + [{"d": hidden["d"].upper(), "n": "note"}], "i": 1}, {"f": f[:13] + [{"d": 1, "n": "note"}], "i": 1},
            {"f": f[:13] + [{**hidden, "v": "x"}], "i": 1}, {"f": [{**shown, "v": "other"}] + f[1:], "i": 1}, {"f": [0] * 14, "i": 1},
            {"f": f[:13] + [{**hidden, "n": "x"}], "i": 1}, {"f": [{**shown, "v": 1}] + f[1:], "i": 1}, {"f": [{**shown, "k": "00"}] + f[1:], "i": 1},
            {"f": f[:13] + [{"k": "0" * 64, **hidden}], "i": 1}, {"f": [{**shown, "k": shown["k"].upper()}] + f[1:], "i": 1},
        ):
            self.expect(2, "fails", {**files, "entries.jsonl": j(opening).encode() + b"\n"})
        self.expect(2, "canonical", {**files, "entries.jsonl": json.dumps(good, ensure_ascii=False).encode() + b"\n"})
        long_ = Log(dict(source="x" * 1048000))
        room = 1024 * 1024 - len(j(long_.entries[0].opening))
        for more, code in ((room, 0), (room + 1, 2)):
            self.expect(code, "", Log(dict(source="x" * (1048000 + more))).files())


class Completeness(Case):
    def test_chains(self):
        def link(**change):
            return {"id": "s", "n": 2, "prev": 0, **change}

        first = j([link(n=1, prev=-1)])
        def log(value, field="subject"):
            return Log({field: first}, {field: value}, {field: j([link(n=3, prev=1)])})

        for field in verify.CHAINS:
            self.expect(0, "holds", log(j([link()]), field).files())
            self.incomplete("hole", log("", field))
            self.incomplete("neither", log(j([link()]), field), without={1})
            self.incomplete("does not show", Log(dict(hide=[field])))
        self.expect(0, "holds", Log({"subject": first, "patient": first, "parties": first}).files())
        for change in (dict(n=1), dict(n=3), dict(prev=-1), dict(prev=1), dict(id="t")):
            self.incomplete("hole", log(j([link(**change)])))
        many = [link(id="%d" % n, n=1, prev=-1) for n in range(1025)]
        self.expect(0, "holds", Log(dict(subject=j(many[:1024]))).files())
        self.expect(0, "holds", Log(dict(subject=j([link(id="x" * 256, n=1, prev=-1)]))).files())
        for value in (
            j([]), "x", j({}), j([1]), j(many), first + " ", j([link(n=1, prev=-1)] * 2), j([{"id": "s", "n": 1}]),
            j([link(id="", n=1, prev=-1)]), j([link(id="x" * 257, n=1, prev=-1)]), j([link(id="\u00e9" * 129, n=1, prev=-1)]),
            j([link(n="1", prev=-1)]), j([link(n=0, prev=-1)]), j([link(n=1, prev="-1")]), j([link(id=1, n=1, prev=-1)]),
            j([link(n=1, prev=-1, x=1)]), j("s"),
        ):
            self.incomplete("fails", Log(dict(subject=value)))
        self.incomplete("twice", Log(dict(subject=j([link(n=1, prev=-1), link()]))))
        self.incomplete("bad number", Log(dict(subject=j([link(n=0, prev=-1)]))))

    def test_erased(self):
        none = {field: [] for field in verify.CHAINS}
        gone = [{"id": "s", "n": 1, "prev": -1}]

        def log(*payloads, **more):
            log = Log(dict(subject=["s"]), dict(subject=["s"]))
            for payload in payloads:
                log.add(kind="key.shred", payload=payload if isinstance(payload, str) else j(payload), **more)
            return log

        def erase(*indices, links={**none, "subject": gone}, **more):
            return {"erased": [{"i": i, "links": links, **more} for i in indices]}

        good = log(erase(0))
        self.expect(0, "holds", good.files(without={0}))
        self.incomplete("both", good)
        self.incomplete("neither", good, without={0, 2})
        self.incomplete("neither", good, without={0, 1})
        self.incomplete("twice", log(erase(0), erase(0)), without={0})
        self.incomplete("hole", log(erase(0, links=none)), without={0})
        self.incomplete("does not show its payload", log(erase(0), hide=["payload"]), without={0})
        self.incomplete("neither", log(erase(0), hide=["kind"]), without={0})
        item = erase(0)["erased"][0]
        for payload in (
            {"erased": []}, {"erased": {}}, {}, [], "", "x", {**erase(0), "x": 1}, erase(0, x=1), erase(2), erase(3), erase(-1), erase(0, 0),
            {"erased": [{"i": 1, "links": none}, item]}, {"erased": [{**item, "i": "0"}]}, erase(0, links={"subject": gone}),
            erase(0, links={**none, "subject": gone * 2}), erase(0, links={**none, "subject": [{"id": "s", "n": 1}]}), {"erased": [0]},
            erase(0, links={**none, "subject": ""}), erase(0, links=[]), j(erase(0)) + " ",
        ):
            self.incomplete("fails", log(payload), without={0})
        late = log(erase(0))
        late.add(kind="key.shred", payload="nonsense")
        self.incomplete("canonical", late, without={0})
        for payload, reason in (
            ({"erased": []}, "erases nothing"), ({"erased": {}}, "erases nothing"), (erase(0, 0), "out of order"), (erase(2), "out of order"),
            ({"erased": [{"i": 1, "links": none}, item]}, "out of order"), (erase(-1), "out of order"), (erase(3), "out of order"),
        ):
            self.incomplete(reason, log(payload), without={0})


class Rotation(Case):
    def log(self, **more):
        log = Log(dict(kind="demo.one"))
        log.rotate(KEYS[1], **more)
        log.add(kind="demo.two")
        return log

    def retire(self, log, vkey, size):
        log.add(kind="ledger.key", payload=j({"retired": vkey, "size": size}))
        return log

    def test_good(self):
        log = self.log()
        self.expect(0, "holds", log.files(signers=KEYS[:2]))
        for key in KEYS[:2]:
            self.expect(0, "holds", log.files(), pinned=key.vkey)
        log.rotate(KEYS[2])
        self.expect(0, "holds", log.files())
        self.retire(log, KEYS[0].vkey, len(log.entries))
        self.expect(0, "holds", log.files(signers=KEYS[1:3]))
        self.expect(2, "retired", log.files(signers=KEYS[:3]))
        self.expect(2, "last key", log.files(signers=KEYS[:2]))

    def test_bad(self):
        log, files = self.log(), self.log().files()
        name, leaves = "rotations/0", log.leaves()
        for signed in (
            note(2, root(leaves[:2]), KEYS[:1]), note(2, root(leaves[:2]), KEYS[1:2]), note(4, root(leaves[:2]), KEYS[:2]),
            note(2, root(leaves), KEYS[:2]), note(1, root(leaves[:1]), KEYS[:2]), note(0, root([]), KEYS[:2]), b"",
            note(4, root([]), KEYS[:2]),
        ):
            self.expect(2, name, {**files, name: signed})
        self.expect(0, "holds", {**files, name: note(3, root(leaves), KEYS[:2])})
        self.expect(2, "announced", self.log(add=False).files())
        self.expect(2, "announced", log.files(without={1}))
        without = {n: d for n, d in files.items() if n != name}
        self.expect(2, "missing", without)
        self.expect(2, "missing", {**without, "rotations/00": files[name]})
        vkeys = files["log.vkeys"].splitlines(keepends=True)
        self.expect(2, "last key", {**files, "log.vkeys": b"".join(vkeys[::-1])})

    def test_each_step_is_announced(self):
        log = Log(dict(kind="demo.one"))
        log.rotate(KEYS[1])
        log.rotate(KEYS[2])
        self.expect(2, "rotations/0 is announced", log.files(without={1}))
        self.expect(2, "rotations/1 is announced", log.files(without={2}))

    def test_no_key_comes_back(self):
        log = self.log()
        log.rotate(KEYS[0])
        self.expect(2, "log.vkeys has a key twice", log.files())

    def test_key_entries(self):
        v = [key.vkey for key in KEYS]
        for payload, hide in (
            ("", ()), ("x", ()), (j({}), ()), (j([]), ()), (j({"from": v[0]}), ()), (j({"from": v[1], "to": v[0]}), ()),
            (j({"from": v[0], "to": v[2]}), ()), (j({"from": v[0], "to": v[1], "x": 1}), ()), (j({"from": 1, "to": v[1]}), ()),
            (j({"retired": v[0]}), ()), (j({"retired": v[2], "size": 9}), ()), (j({"retired": v[0], "size": "9"}), ()),
            (j({"retired": v[0], "size": -1}), ()), (j({"retired": v[0], "size": 1}), ()), (j({"retired": v[1], "size": 3}), ()),
            (j({"retired": [], "size": 1}), ()), (j({"retired": v[0], "size": 9, "x": 1}), ()), (j({"retired": v[0], "size": 9}) + " ", ()),
            (j({"retired": v[0], "size": 9}), ["payload"]),
        ):
            log = self.log()
            log.add(kind="ledger.key", payload=payload, hide=hide)
            self.expect(2, "key", log.files())
        log = self.log()
        log.add(kind="ledger.key", payload=j({"from": v[0], "to": v[1]}))
        self.expect(0, "holds", self.retire(log, v[0], 2).files())
        self.expect(0, "holds", self.retire(self.log(), v[1], 4).files())


class Consistency(Case):
    def both(self, old, new, *more):
        return self.run_main("consistency", self.put(sealed(old), "old"), self.put(sealed(new), "new"), *more)

    def test_consistency(self):
        log = story()
        old = log.files(without={2})
        self.assertEqual(self.both(old, old)[0], 0)
        log.add(kind="demo.more")
        new = log.files(without={2})
        self.assertEqual(self.both(old, new, "--key", KEYS[0].vkey), (0, "consistency  holds\n"))
        self.assertEqual(self.both(old, new), (0, "consistency  holds, key not pinned\n"))
        self.assertEqual(self.both(Log().files(), new)[0], 0)
        self.assertEqual(self.both(old, log.files())[0], 0)  # completeness is another question
        self.assertEqual(self.both(new, old), (2, "consistency  fails: the newer bundle is smaller\n"))
        self.assertEqual(self.both(old, new, "--key", KEYS[1].vkey)[0], 2)
        self.assertIn("the older bundle: the checkpoint", self.both({**old, "checkpoint": b"x"}, new)[1])
        self.assertIn("the newer bundle: the checkpoint", self.both(old, {**new, "checkpoint": b"x"})[1])
        forked = story()
        forked.entries[0] = Entry(0, dict(kind="demo.other"))
        forked.add(kind="demo.more")
        self.expect(3, "", forked.files())
        self.assertEqual(self.both(old, forked.files())[0], 2)
        log.rotate(KEYS[1])
        self.assertEqual(self.both(old, log.files(without={2}))[0], 0)
        self.assertEqual(self.both(log.files(without={2}), new)[0], 2)
        other = Log(dict(kind="x"))
        other.keys = KEYS[1:2]
        self.assertEqual(self.both(Log().files(), other.files())[0], 2)


def trie(leaves, key, depth=0):
    """(root, siblings on the way to the key, (key, value) that ends the way or None) of {key: value}."""
    if len(leaves) < 2:
        for pair in leaves.items():
            return sha256(b"\2" + pair[0] + struct.pack(">QQ", *pair[1][:2]) + pair[1][2]), [], pair
        return bytes(32), [], None
    side = lambda k: k[depth // 8] >> 7 - depth % 8 & 1
    half = [trie({k: v for k, v in leaves.items() if side(k) == bit}, key, depth + 1) for bit in (0, 1)]
    mine = half[side(key)]
    return sha256(b"\3" + half[0][0] + half[1][0]), [half[1 - side(key)][0]] + mine[1], mine[2]


def path(leaves, m):
    """RFC 6962 section 2.1.1 as it stands there."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return path(leaves[:k], m) + [root(leaves[k:])] if m < k else path(leaves[k:], m - k) + [root(leaves[:k])]


def index_of(chains):
    leaves = {}
    for (field, id_), indices in chains.items():
        running = bytes(32)
        for index in indices:
            running = sha256(b"\4" + running + struct.pack(">Q", index))
        leaves[sha256(b"lg-idx-v1" + field.encode() + b"\0" + id_.encode())] = (len(indices), indices[-1], running)
    return leaves


class Reports(Case):
    def story(self, chains=None, **index_entry):
        """Twelve entries, an index entry, one more; (log, {(field, id): indices})."""
        log, of = Log(), {}
        for n in range(12):
            subject = ["s/%d" % (n % 3)] + (["often"] if n % 2 else [])
            for id_ in subject:
                of.setdefault(("subject", id_), []).append(n)
            log.add(kind="demo", subject=subject, hide=("note",) + (("subject",) if n == 7 else ()))
        of = chains or of
        payload = j({"index_root": trie(index_of(of), bytes(32))[0].hex(), "leaves": 12})
        log.add(**{"kind": "ledger.index", "payload": payload, **index_entry})
        log.add(kind="demo.after", subject=["often"])
        return log, of

    def entry(self, log, index, erased=False):
        leaves = log.leaves()
        entry = {"leaf": leaves[index].decode(), "proof": [b64encode(h).decode() for h in path(leaves, index)]}
        return {**entry, "erased": True} if erased else {**entry, "opening": log.entries[index].opening}

    def lines(self, field="subject", id_="often", erased=(), skip=0, story=None):
        log, of = story or self.story()
        key = sha256(b"lg-idx-v1" + field.encode() + b"\0" + id_.encode())
        _, siblings, end = trie(index_of(of), key)
        proof = {"siblings": [s.hex() for s in siblings]}
        if end:
            value = dict(zip(("count", "last", "running"), (*end[1][:2], end[1][2].hex())))
            proof.update({"value": value} if end[0] == key else {"other": {"key": end[0].hex(), "value": value}})
        header = {"checkpoint": note(len(log.entries), log.root(), KEYS[:1]).decode(), "field": field, "id": id_,
            "format": "loopgate-report", "index": self.entry(log, 12), "proof": proof, "version": 1, "vkey": KEYS[0].vkey}
        indices = of.get((field, id_), [])
        if skip:
            some = index_of({("subject", "x"): indices[:skip]})
            header["skipped"] = {"count": skip, "running": list(some.values())[0][2].hex()}
        return [header] + [self.entry(log, index, index in erased) for index in indices[skip:]]

    def expect(self, code, reason, lines, pinned=None):
        data = lines if isinstance(lines, bytes) else "".join(j(line) + "\n" for line in lines).encode()
        verdicts, got = verify.report_verdicts(self.put({"report": data}) + "/report", pinned)
        self.assertEqual(got, code, verdicts)
        self.assertIn(reason, verdicts["completeness" if code == 3 else "integrity"])

    def test_example_of_the_page(self):
        of = {("subject", "a"): [3, 7], ("patient", "a"): [3], ("parties", "b"): [0, 7, 9]}
        key = verify.index_key("subject", "a")
        self.assertEqual(key.hex(), "88e92018628b2979c0e7f272dd53910a3a83ab10df504acdb7f8a3571d96e226")
        running = verify.running_hash(verify.running_hash(bytes(32), 3), 7)
        self.assertEqual(running.hex(), "f5114bb8d69d836a882d03da9891d3c875cd172b5dec70f0eff5222fae073632")
        leaf = verify.index_leaf(key, (2, 7, running))
        self.assertEqual(leaf.hex(), "76d730cb87dff368ed41a55cf6554d23f179b6b33ea566b10de701491ca6448f")
        top, siblings, _ = trie(index_of(of), key)
        self.assertEqual(top.hex(), "3c0bbef4c284d2598f27933d8877078004f520d5b5f1ce643e854448dffe18a8")
        proof = {"siblings": [s.hex() for s in siblings], "value": {"count": 2, "last": 7, "running": running.hex()}}
        self.assertEqual(verify.index_value(proof, key, top), (2, 7, running))

    def test_index_proofs(self):
        of = {("subject", "%d" % n): [n] for n in range(40)}
        ends = set()
        for n in range(200):
            key = verify.index_key("subject", "%d" % n)
            top, siblings, end = trie(index_of(of), key)
            value = end and {"count": 1, "last": end[1][1], "running": end[1][2].hex()}
            proof = {"siblings": [s.hex() for s in siblings]}
            if end:
                proof.update({"value": value} if end[0] == key else {"other": {"key": end[0].hex(), "value": value}})
            found = verify.index_value(proof, key, top)
            self.assertEqual(found, (1, n, index_of(of)[key][2]) if n < 40 else None)
            ends.add("value" if "value" in proof else "other" if "other" in proof else "empty")
            wrong = [{**proof, "siblings": proof["siblings"][:-1]}, {**proof, "siblings": proof["siblings"] + ["0" * 64]}, {**proof, "x": 1}]
            wrong += [{**proof, "siblings": ["1" * 64] * 257}, {"siblings": proof["siblings"], "value": {"count": 2, "last": 0, "running": "0" * 64}}]
            if end:
                wrong += [{"siblings": proof["siblings"]}, {**proof, "value": value, "other": {"key": end[0].hex(), "value": value}}]
            if n < 40:  # its own leaf is no other key's
                wrong += [{"siblings": proof["siblings"], "other": {"key": key.hex(), "value": value}}]
            for bad in wrong:
                with self.assertRaises((verify.Bad, TypeError)):
                    verify.index_value(bad, key, top)
        self.assertEqual(ends, {"value", "other", "empty"})
        self.assertIsNone(verify.index_value({"siblings": []}, key, bytes(32)))
        for bad, reason in (({"siblings": ["1" * 64] * 257}, "too long"), ({"siblings": ["0" * 64]}, "empty sibling"),
                ({"siblings": [], "value": {"count": 3, "last": 1, "running": "0" * 64}}, "bad numbers"),
                ({"siblings": [], "value": {"count": 0, "last": 1, "running": "0" * 64}}, "bad numbers")):
            with self.assertRaisesRegex(verify.Bad, reason):
                verify.index_value(bad, key, bytes(32))
        value = {"count": 1, "last": 0, "running": "0" * 64}  # another key, off the path, or the key itself
        for other, siblings in ((bytes([key[0] ^ 128]) + key[1:], ["1" * 64]), (key, [])):
            with self.assertRaisesRegex(verify.Bad, "not on the path"):
                verify.index_value({"siblings": siblings, "other": {"key": other.hex(), "value": value}}, key, bytes(32))

    def test_inclusion(self):
        leaves = [b"%d" % n for n in range(20)]
        for size in range(1, 21):
            for m in range(size):
                proof = [b64encode(h).decode() for h in path(leaves[:size], m)]
                self.assertEqual(verify.included(verify.leaf_hash(leaves[m]), m, size, proof), root(leaves[:size]))
                for bad in (proof[:-1] if proof else [""], proof + [b64encode(bytes(32)).decode()], 1, ["A"] * 65):
                    with self.assertRaises((verify.Bad, ValueError)):
                        verify.included(verify.leaf_hash(leaves[m]), m, size, bad)
        with self.assertRaisesRegex(verify.Bad, "malformed"):
            verify.included(bytes(32), 1, 1, [])

    def test_good(self):
        for lines in (self.lines(), self.lines(erased={3, 9}), self.lines(skip=1), self.lines(skip=5), self.lines(id_="s/1"),
                self.lines(id_="nobody"), self.lines(field="patient"), self.lines(skip=3)):
            self.expect(0, "key not pinned", lines)
            self.expect(0, "holds", lines, KEYS[0].vkey)
            self.expect(2, "pinned", lines, KEYS[1].vkey)
        code, out = self.run_main("report", self.put({"r": "".join(j(x) + "\n" for x in self.lines()).encode()}) + "/r")
        self.assertEqual((code, out.split("\n")[1]), (0, "completeness  holds"))

    def test_incomplete(self):
        lines = self.lines()
        for k in (1, 2, 4, 6):
            rest = lines[:k] + lines[k + 1 :]
            self.expect(3, "", rest)
        self.expect(3, "all that the index counts", lines[:1])
        some = self.lines(erased={1, 3, 5, 7, 9, 11})
        for k in range(1, 7):
            self.expect(3, "all that the index counts", some[:k] + some[k + 1 :])
        log, _ = story = self.story()
        story[1]["subject", "often"] = [1, 3, 5, 6, 9, 11]  # six, but another in place of one of them
        self.expect(3, "not those of the index", [some[0]] + self.lines(erased=range(12), story=story)[1:])
        story[1]["subject", "often"] = [1, 3, 5, 7, 9, 10]
        self.expect(3, "last entry", [some[0]] + self.lines(erased=range(12), story=story)[1:])
        nobody = self.lines(id_="nobody")
        self.expect(2, "more entries", nobody + some[1:2])
        self.expect(2, "more entries", [{**nobody[0], "skipped": {"count": 1, "running": "0" * 64}}])
        late = self.lines(skip=2)
        late[0]["skipped"]["running"] = "0" * 64
        self.expect(3, "not those of the index", late)

    def test_bad(self):
        lines = self.lines()
        header = lines[0]
        for change in (
            dict(format="x"), dict(version=2), dict(version="1"), dict(field="kind"), dict(id=""), dict(id="x" * 257), dict(id=1), dict(x=1),
            dict(vkey=KEYS[1].vkey), dict(vkey=""), dict(checkpoint=""), dict(checkpoint=1), dict(proof={}), dict(proof=[]), dict(index={}),
            dict(index=lines[1]), dict(skipped={}), dict(skipped={"count": 0, "running": "0" * 64}), dict(skipped={"count": 1}),
            dict(id="s/1"), dict(skipped={"count": 1, "running": "0" * 64}),
        ):
            self.expect(2, "fails", [{**header, **change}] + lines[1:])
        for name in header:
            self.expect(2, "fails", [{n: v for n, v in header.items() if n != name}] + lines[1:])
        entry = lines[1]
        for change in (dict(x=1), dict(leaf=lines[2]["leaf"]), dict(opening=lines[2]["opening"]), dict(proof=lines[2]["proof"]), dict(proof=[]),
                dict(opening=1), dict(erased=True), dict(erased=1), dict(leaf=1)):
            self.expect(2, "fails", [header, {**entry, **change}] + lines[2:])
        gone = self.lines(erased={1})
        self.expect(2, "neither", [header, {n: v for n, v in gone[1].items() if n != "erased"}] + lines[2:])
        self.expect(2, "fails", [header, {**gone[1], "erased": 1}] + lines[2:])
        self.expect(2, "in order", lines + lines[1:2])
        self.expect(2, "in order", [header, lines[1], lines[1]] + lines[2:])
        self.expect(2, "before the index entry", gone + [self.entry(self.story()[0], 13, True)])
        log, of = self.story()
        more = [self.entry(log, n, True) for n in range(7)]
        self.expect(2, "more entries", [header] + more)
        self.expect(2, "not of the chain", [header, self.entry(log, 0)])
        self.expect(3, "are missing", [header, self.entry(log, 3)])
        late = self.lines(skip=2)
        late[0]["skipped"]["count"] = 1
        self.expect(3, "are missing", late)
        data = "".join(j(line) + "\n" for line in lines).encode()
        for wrong in (b"", b"\n" + data, data + b"\n", data[:-1], data.replace(b"\n", b"\r\n"), data + b"x" * 2**21 + b"\n", data.replace(b":", b": ")):
            self.expect(2, "fails", wrong)
        index_root = trie(index_of(of), bytes(32))[0].hex()
        for change in (dict(kind="demo"), dict(hide=["kind"]), dict(hide=["payload"]), dict(payload=""), dict(payload=j({"index_root": index_root})),
                dict(payload=j({"index_root": index_root, "leaves": 11})), dict(payload=j({"index_root": "0" * 64, "leaves": 12})), dict(time="2026-11-22T00:00:00Z")):
            self.expect(2, "fails", self.lines(story=self.story(**change)))
        log.entries[3].leaf["t"] = "2026-11-22T00:59:00Z"
        self.expect(2, "earlier than the one before", self.lines(story=(log, of)))
        log.entries[3].leaf["l"] = "0" * 16
        self.expect(2, "another log", self.lines(story=(log, of)))

    def test_every_byte(self):
        data = "".join(j(line) + "\n" for line in self.lines(erased={3}, skip=3)).encode()
        directory = self.put({"report": data})
        for at in range(0, len(data)):
            broken = bytearray(data)
            broken[at] ^= (1, 2, 0x20, 0x80, 0x10)[at % 5]
            with open(directory + "/report", "wb") as file:
                file.write(broken)
            verdicts, code = verify.report_verdicts(directory + "/report", None)
            self.assertIn(code, (2, 3), (at, verdicts))


def mutants():
    """Each `need` of verify.py in turn always holds; the tests (but the two long sweeps) must fail."""
    with open(verify.__file__) as file:
        lines = [n for n, text in enumerate(file, 1) if text.lstrip().startswith("need(")]
    suite = [Figures, Ed25519, Bundles, Completeness, Rotation, Consistency, Reports]
    alive, real = [], verify.need
    for line in lines:
        def weak(holds, why):
            if sys._getframe(1).f_lineno != line:
                real(holds, why)

        verify.need = weak
        load = unittest.defaultTestLoader.loadTestsFromTestCase
        tests = unittest.TestSuite(t for case in suite for t in load(case) if t._testMethodName not in ("test_every_byte",))
        result = unittest.TestResult()
        result.failfast = True
        tests.run(result)
        if result.wasSuccessful():
            alive.append(line)
    verify.need = real
    print("%d checks switched off one by one, not noticed: %s" % (len(lines), alive or "none"))
    return 1 if alive else 0


if __name__ == "__main__":
    if "--mutants" in sys.argv:
        sys.exit(mutants())
    unittest.main()
