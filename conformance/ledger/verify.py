#!/usr/bin/env python3
"""A second verifier for loopgate's evidence bundles.

Written from FORMAT.md alone (and the public specifications that it names), without a look at the program that makes
the bundles: where the two disagree, one of them or the page is wrong. One file, the standard library, no network.

    verify.py DIR [--key VKEY] [--json]                   integrity and completeness of a bundle
    verify.py consistency OLD NEW [--key VKEY] [--json]   the newer bundle only adds to the older one
    verify.py report FILE [--key VKEY] [--json]           integrity and completeness of one chain's report

Exit codes: 0 all that was checked holds, 2 integrity or consistency fails, 3 whole but incomplete, 1 wrong usage.
Whatever is in the files, the answer is a verdict, never a traceback.
"""

import argparse
import base64
import datetime
import functools
import hashlib
import hmac
import json
import os
import re
import sys

FIELDS = ("kind subject patient parties actor basis transition disclosed payload command time code source note").split()
CHAINS = ("subject", "patient", "parties")
KEPT = ("kind", "payload", *CHAINS)  # of an opening: what the rules look at
MIB = 1024 * 1024
TOP = 2**53  # sizes, indices and ordinals are below this

class Bad(Exception):
    """A rule of the format that does not hold; its text is the reason in the verdict."""

def need(holds, why):
    if not holds:
        raise Bad(why)

def sha256(data):
    return hashlib.sha256(data).digest()

def unbase64(text, length):
    """RFC 4648 section 4 with padding and zero stray bits: exactly what the encoder would write."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text and length in (None, len(data)), "bad base64")
    return data

def unhex(text):
    """32 bytes in lower-case hex."""
    need(isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text), "not 64 digits of lower-case hex")
    return bytes.fromhex(text)

# Canonical JSON: read, write again, compare. Duplicates, white space, floats and the like cannot come out the same.

def render(value):
    if type(value) is dict:
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(render(name) + ":" + render(value[name]) for name in names) + "}"
    if type(value) is list:
        return "[" + ",".join(map(render, value)) + "]"
    if type(value) is str:
        return json.dumps(value, ensure_ascii=False)
    if type(value) is int and -1 <= value < TOP:
        return str(value)
    raise ValueError("outside the subset")

def canonical(data, what):
    try:
        value = json.loads(data.decode("utf-8"))
        same = render(value).encode("utf-8") == data
    except (ValueError, RecursionError):
        same = False
    need(same, what + " is not canonical JSON")
    return value

def members(value, names, what):
    """The values of an object that has exactly these members."""
    need(type(value) is dict and sorted(value) == sorted(names), what + " has other members than it should")
    return [value[name] for name in names]

def is_int(value, low):
    return type(value) is int and value >= low

# Ed25519, RFC 8032 section 5.1, in extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x*y = T/Z.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
IDENTITY = (0, 1, 1, 0)

def add(a, b):
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return (e * f % P, g * h % P, f * g % P, e * h % P)

def add_multiples(s, a, t, b):
    """s*a + t*b, bit by bit. The inputs are public: nothing here is constant-time."""
    table, sum_ = (IDENTITY, a, b, add(a, b)), IDENTITY
    for bit in range(max(s.bit_length(), t.bit_length()) - 1, -1, -1):
        sum_ = add(sum_, sum_)
        sum_ = add(sum_, table[(s >> bit & 1) + 2 * (t >> bit & 1)])
    return sum_

def encode_point(point):
    z = pow(point[2], -1, P)
    x, y = point[0] * z % P, point[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")

def decode_point(data):
    """The point, or None where the 32 bytes are no canonical encoding of one."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)

def small_order(point):
    for _ in range(3):
        point = add(point, point)
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0

BASE = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))

@functools.lru_cache(1024)
def ed25519_verify(public, message, signature):
    """The equation without the cofactor, R compared as bytes; S canonical; neither A nor R of small order."""
    if len(public) != 32 or len(signature) != 64:
        return False
    a, s = decode_point(public), int.from_bytes(signature[32:], "little")
    if a is None or s >= ORDER or small_order(a):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    r = add_multiples(s, BASE, k, (P - a[0], a[1], a[2], P - a[3]))
    return encode_point(r) == signature[:32] and not small_order(r)

# RFC 6962 section 2.1.

def leaf_hash(data):
    return sha256(b"\0" + data)

class Tree:
    """`levels[h][k]` is the root over the leaves [k*2^h, (k+1)*2^h)."""

    def __init__(self, leaf_hashes):
        self.levels = [leaf_hashes]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([sha256(b"\1" + below[k] + below[k + 1]) for k in range(0, len(below) - 1, 2)])

    def root(self, size):
        """The root over the first `size` leaves: its whole subtrees, joined from the right."""
        root = None
        for height, level in enumerate(self.levels):
            if size >> height & 1:
                left = level[(size >> height) - 1]
                root = left if root is None else sha256(b"\1" + left + root)
        return sha256(b"") if root is None else root

# Signed notes and keys.

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
KEY_NAME = re.compile("[^+" + SPACES + "]+")
CONTROL = re.compile("[\0-\x1f\x7f-\x9f]")

class Key:
    def __init__(self, line):
        name, id_, public = (line.split("+", 2) + ["", ""])[:3]
        need(KEY_NAME.fullmatch(name) and not CONTROL.search(name), "a verifier key's name is malformed")
        need(len(name.encode()) <= 255, "a verifier key's name is too long")
        data = unbase64(public, 33)
        need(data[0] == 1, "a verifier key is not of Ed25519")
        self.line, self.name, self.public = line, name, data[1:]
        self.id = sha256(name.encode() + b"\n" + data)[:4]
        need(id_ == self.id.hex(), "a verifier key's id does not match it")

class Checkpoint:
    def __init__(self, data, what):
        need(len(data) <= MIB // 2 and data.count(b"\n") <= 100, what + " is too long")
        text = data.decode("utf-8")
        need(not re.search("[\0-\x09\x0b-\x1f]", text), what + " has control characters")
        lines = text.split("\n")
        need(len(lines) >= 6 and lines[3] == "" and lines.pop() == "", what + " is not three lines and signatures")
        self.origin, size, root = lines[:3]
        need(re.fullmatch("0|[1-9][0-9]{0,15}", size) and int(size) < TOP, what + " has a bad size")
        self.size, self.root = int(size), unbase64(root, 32)
        self.text = "".join(line + "\n" for line in lines[:3]).encode()
        self.signatures = []
        for line in lines[4:]:
            parts = line.split(" ")
            need(len(parts) == 3 and parts[0] == "\u2014", what + " has a malformed signature line")
            need(KEY_NAME.fullmatch(parts[1]), what + " has a signature line with a malformed name")
            signature = unbase64(parts[2], None)
            need(len(signature) > 4, what + " has a signature line without a signature")
            self.signatures.append((parts[1], signature[:4], signature[4:]))

    def opens(self, key):
        mine = [signature for name, id_, signature in self.signatures if (name, id_) == (key.name, key.id)]
        return self.origin == key.name and len(mine) == 1 and ed25519_verify(key.public, self.text, mine[0])

# Leaves and openings.

INSTANT = re.compile("(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")

def log_id(origin):
    return sha256(origin.encode()).hex()[:16]

def read_leaf(data, log):
    """Index, commitment and time of a leaf."""
    need(len(data) <= 512, "a leaf is too long")
    c, i, l, t, v = members(canonical(data, "a leaf"), "ciltv", "a leaf")
    need(type(v) is int and v == 1, "a leaf is not of version 1")
    need(is_int(i, 0), "a leaf has a bad index")
    need(l == log, "a leaf is of another log")
    need(INSTANT.fullmatch(t), "a leaf's time is no instant")
    datetime.datetime.fromisoformat(t[:-1])
    return i, unbase64(c, 32), t

def read_opening(data):
    """Index, commitment and shown values of an opening."""
    fields, index = members(canonical(data, "an opening"), "fi", "an opening")
    need(type(fields) is list and len(fields) == len(FIELDS), "an opening has not 14 fields")
    shown, hashes = {}, []
    for name, field in zip(FIELDS, fields):
        if type(field) is dict and "d" in field:
            d, n = members(field, "dn", "a field")
            mac = unhex(d)
        else:
            k, n, v = members(field, "knv", "a field")
            mac = hmac.digest(unhex(k), name.encode() + b"\0" + v.encode(), "sha256")
            shown[name] = v
        need(n == name, "an opening's fields are not in order")
        hashes.append(leaf_hash(mac))
    return index, Tree(hashes).root(len(FIELDS)), shown

def read_links(links, least):
    """[(id, n, prev)] of a chain field's array."""
    need(type(links) is list and least <= len(links) <= 1024, "a chain field is no array of links of the right length")
    read = []
    for link in links:
        id_, n, prev = members(link, ("id", "n", "prev"), "a link")
        need(type(id_) is str and 1 <= len(id_.encode()) <= 256, "a link has a bad id")
        need(is_int(n, 1) and is_int(prev, -1), "a link has a bad number")
        read.append((id_, n, prev))
    need(len({id_ for id_, _, _ in read}) == len(read), "a chain field holds an id twice")
    return read

def read_shred(payload, own):
    """[(index, {field: links})] of a key.shred payload."""
    (erased,) = members(canonical(payload.encode(), "a key.shred payload"), ["erased"], "a key.shred payload")
    need(type(erased) is list and erased, "a key.shred entry erases nothing")
    read, before = [], -1
    for item in erased:
        index, links = members(item, ("i", "links"), "an erased entry")
        need(type(index) is int and before < index < own, "a key.shred entry's indices are out of order")
        lists = members(links, CHAINS, "an erased entry's links")
        read.append((index, {field: read_links(list_, 0) for field, list_ in zip(CHAINS, lists)}))
        before = index
    return read

# The bundle.

def tile_number(n):
    groups = "%03d" % (n % 1000)
    while n >= 1000:
        n //= 1000
        groups = "x%03d/" % (n % 1000) + groups
    return groups

def tiles_of(prefix, count):
    """(path, first hash, end) of the tiles of a level of `count` hashes."""
    for start in range(0, count, 256):
        width = min(256, count - start)
        yield prefix + tile_number(start // 256) + ("" if width == 256 else ".p/%d" % width), start, start + width

def levels_of(size):
    level = 0
    while size:
        yield level, size
        level, size = level + 1, size // 256

def plain_files(directory):
    found, folders = set(), [""]
    while folders:
        folder = folders.pop()
        with os.scandir(os.path.join(directory, folder)) as scan:
            entries = list(scan)
        need(entries, "a folder is empty")
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(folder + entry.name + "/")
            else:
                need(entry.is_file(follow_symlinks=False), "a file is not plain: %a" % (folder + entry.name))
                found.add(folder + entry.name)
    return found

class Bundle:
    """A bundle whose integrity holds; Bad where it does not. The numbers are those of FORMAT.md's list."""

    def __init__(self, directory, pinned):
        self.directory, self.pinned = directory, pinned
        self.read_manifest()
        self.read_keys()
        self.read_checkpoints()
        self.check_table()
        self.read_leaves()
        self.read_openings()
        self.read_key_entries()
        self.check_rotations()
        self.check_retired()

    def read_manifest(self):  # 1
        found = plain_files(self.directory)
        with open(os.path.join(self.directory, "manifest.json"), "rb") as file:
            data = file.read(256 * MIB + 1)
        need(len(data) <= 256 * MIB, "the manifest is too long")
        manifest = canonical(data, "the manifest")
        self.files, format_, version = members(manifest, ("files", "format", "version"), "the manifest")
        need(format_ == "loopgate-bundle" and version == 2, "this is no bundle of version 2")
        need(set(self.files) == found - {"manifest.json"}, "the files are not those of the manifest")

    def read(self, name, limit):  # 1: every file is read once, and here its hash is compared
        need(name in self.files, "a file is missing: %a" % name)
        with open(os.path.join(self.directory, name), "rb") as file:
            data = file.read(limit + 1)
        need(len(data) <= limit, "a file is too long: %a" % name)
        need(sha256(data).hex() == self.files[name], "a file does not match the manifest: %a" % name)
        return data

    def read_keys(self):  # 2
        lines = self.read("log.vkeys", 64 * 310).decode("utf-8").split("\n")
        need(lines.pop() == "" and 1 <= len(lines) <= 64, "log.vkeys is not 1 to 64 lines")
        need(len(set(lines)) == len(lines), "log.vkeys has a key twice")
        self.keys = [Key(line) for line in lines]
        self.lines = lines
        self.origin = self.keys[0].name
        need(self.pinned is None or self.pinned in lines, "the pinned key is not one of the log's")

    def read_checkpoints(self):  # 3
        self.checkpoint = Checkpoint(self.read("checkpoint", MIB // 2), "the checkpoint")
        need(self.checkpoint.opens(self.keys[-1]), "the checkpoint does not open with the last key")
        names = ["rotations/%d" % k for k in range(len(self.keys) - 1)]
        self.rotations = [Checkpoint(self.read(name, MIB // 2), name) for name in names]
        self.size = self.checkpoint.size

    def check_table(self):  # 1: counted first, as the size is only what someone signed
        others = 3 + len(self.rotations)
        tiles = sum(-(-count // 256) for _, count in levels_of(self.size)) + -(-self.size // 256)
        need(len(self.files) == others + tiles, "the files are not those of a log of this size")

    def read_leaves(self):  # 4
        log, last, hashes, self.commitments = log_id(self.origin), "", [], []
        for path, start, end in tiles_of("tile/entries/", self.size):
            data, at = self.read(path, 256 * 514), 0
            for index in range(start, end):
                length = int.from_bytes(data[at : at + 2], "big")
                leaf, at = data[at + 2 : at + 2 + length], at + 2 + length
                own, commitment, time = read_leaf(leaf, log)
                need(own == index, "a leaf has another index than its place")
                need(time >= last, "a leaf is earlier than the one before")
                last = time
                hashes.append(leaf_hash(leaf))
                self.commitments.append(commitment)
            need(at == len(data), "an entries tile has not its length")
        self.tree = Tree(hashes)
        need(self.tree.root(self.size) == self.checkpoint.root, "the leaves do not give the signed root")
        for level, count in levels_of(self.size):
            for path, start, end in tiles_of("tile/%d/" % level, count):
                expected = b"".join(self.tree.levels[8 * level][start:end])
                need(self.read(path, 8192) == expected, "a hash tile is not what the leaves give: " + path)

    def read_openings(self):  # 5 (and 1, as this file may be long)
        self.opened, before, whole = {}, -1, hashlib.sha256()
        with open(os.path.join(self.directory, "entries.jsonl"), "rb") as file:
            while line := file.readline(MIB + 2):
                need(line.endswith(b"\n") and len(line) <= MIB + 1, "an opening is no line of at most 1 MiB")
                whole.update(line)
                index, commitment, shown = read_opening(line[:-1])
                need(before < index < self.size, "the openings are not in order, or beyond the size")
                need(commitment == self.commitments[index], "an opening does not match its leaf: %d" % index)
                self.opened[index], before = {name: shown[name] for name in KEPT if name in shown}, index
        need(whole.hexdigest() == self.files["entries.jsonl"], "entries.jsonl does not match the manifest")

    def read_key_entries(self):  # 7
        steps = [{"from": a, "to": b} for a, b in zip(self.lines, self.lines[1:])]
        self.steps, self.retired = [], []
        for index, shown in self.opened.items():
            if shown.get("kind") == "ledger.key":
                need("payload" in shown, "a ledger.key entry does not show its payload")
                payload = canonical(shown["payload"].encode(), "a ledger.key payload")
                if type(payload) is dict and "retired" in payload:
                    self.retired.append(members(payload, ("retired", "size"), "a ledger.key payload"))
                else:
                    need(payload in steps, "a ledger.key entry leads to another key than log.vkeys")
                    self.steps.append((index, steps.index(payload)))

    def check_rotations(self):  # 6
        for k, note in enumerate(self.rotations):
            name = "rotations/%d" % k
            need(note.opens(self.keys[k]), name + " does not open with its key")
            need(note.opens(self.keys[k + 1]), name + " does not open with the next key")
            need(note.size <= self.size, name + " is above the checkpoint")
            need(note.root == self.tree.root(note.size), name + " has another root than the leaves")
            need(any(step == k and index < note.size for index, step in self.steps), name + " is announced by no entry")

    def check_retired(self):  # 7
        for line, size in self.retired:
            need(is_int(size, 0), "a ledger.key payload has a bad size")
            need(line in self.lines, "a retired key is not one of the log's")
            key = self.keys[self.lines.index(line)]
            late = [note for note in [self.checkpoint, *self.rotations] if note.size > size and note.opens(key)]
            need(not late, "a retired key signed a later checkpoint")

def check_completeness(bundle):
    erased = {}
    for own, shown in bundle.opened.items():
        if shown.get("kind") == "key.shred":
            need("payload" in shown, "a key.shred entry does not show its payload: %d" % own)
            for index, links in read_shred(shown["payload"], own):
                need(index not in erased, "an entry is erased twice: %d" % index)
                need(index not in bundle.opened, "an entry is both erased and opened: %d" % index)
                erased[index] = links
    heads = {}
    for index in range(bundle.size):
        for field in CHAINS:
            if index in erased:
                links = erased[index][field]
            else:
                need(index in bundle.opened, "an entry is neither opened nor erased: %d" % index)
                need(field in bundle.opened[index], "an entry does not show its %s: %d" % (field, index))
                value = bundle.opened[index][field]
                links = read_links(canonical(value.encode(), "a chain field"), 1) if value else []
            for id_, n, prev in links:
                last_n, last_index = heads.get((field, id_), (0, -1))
                need((n, prev) == (last_n + 1, last_index), "a chain of %s has a hole at entry %d" % (field, index))
                heads[field, id_] = (n, index)

# The index and the report of one chain.

EMPTY = bytes(32)

def index_key(field, id_):
    return sha256(b"lg-idx-v1" + field.encode() + b"\0" + id_.encode())

def running_hash(before, index):
    return sha256(b"\4" + before + index.to_bytes(8, "big"))

def index_leaf(key, value):
    count, last, running = value
    return sha256(b"\2" + key + count.to_bytes(8, "big") + last.to_bytes(8, "big") + running)

def read_value(value):
    count, last, running = members(value, ("count", "last", "running"), "a value of the index")
    need(is_int(count, 1) and is_int(last, count - 1), "a value of the index has bad numbers")
    return count, last, unhex(running)

def index_value(proof, key, root):
    """(count, last, running) that the proof shows under the root, or None where it shows that there is none."""
    need(type(proof) is dict and set(proof) - {"value", "other"} == {"siblings"}, "the proof of the index is malformed")
    need(len(proof) <= 2, "the proof of the index ends twice")
    need(type(proof["siblings"]) is list and len(proof["siblings"]) <= 256, "the proof of the index is too long")
    siblings, value, node = [unhex(sibling) for sibling in proof["siblings"]], None, EMPTY
    need(siblings[-1:] != [EMPTY], "the proof of the index ends in an empty sibling")
    bits = int.from_bytes(key, "big")
    if "value" in proof:
        value = read_value(proof["value"])
        node = index_leaf(key, value)
    elif "other" in proof:
        other, its = members(proof["other"], ("key", "value"), "the other key of the proof")
        shared = int.from_bytes(unhex(other), "big") ^ bits
        need(shared and shared >> 256 - len(siblings) == 0, "the other key of the proof is not on the path")
        node = index_leaf(unhex(other), read_value(its))
    for depth in range(len(siblings) - 1, -1, -1):
        right = bits >> 255 - depth & 1
        node = sha256(b"\3" + (siblings[depth] + node if right else node + siblings[depth]))
    need(node == root, "the proof does not lead to the root of the index")
    return value

def included(hash_, index, size, proof):
    """The root to which an inclusion proof of RFC 6962 section 2.1.1 leads, and that it has the right length."""
    need(type(proof) is list and len(proof) <= 64 and index < size, "an inclusion proof is malformed")
    last = size - 1
    for step in proof:
        step = unbase64(step, 32)
        need(last, "an inclusion proof is too long")
        if index & 1 or index == last:
            hash_ = sha256(b"\1" + step + hash_)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            hash_ = sha256(b"\1" + hash_ + step)
        index, last = index >> 1, last >> 1
    need(last == 0, "an inclusion proof is too short")
    return hash_

class Report:
    """A report whose integrity holds; Bad where it does not."""

    def __init__(self, path, pinned):
        with open(path, "rb") as file:
            self.read_header(canonical(self.line(file), "the header"), pinned)
            self.listed, time = [], ""
            while line := self.line(file):
                time = self.read_listed(line, time)
            need(time <= self.time, "the index entry is earlier than a listed one")

    @staticmethod
    def line(file):
        line = file.readline(MIB + 2)
        need(line.endswith(b"\n") and len(line) <= MIB + 1 or not line, "a line is no line of at most 1 MiB")
        return line[:-1] if line != b"\n" else b" "  # an empty line is no end

    def read_header(self, header, pinned):
        names = ["checkpoint", "field", "format", "id", "index", "proof", "version", "vkey"]
        names += ["skipped"] if type(header) is dict and "skipped" in header else []
        members(header, names, "the header")
        need((header["format"], header["version"]) == ("loopgate-report", 1), "this is no report of version 1")
        self.field, self.id = header["field"], header["id"]
        need(self.field in CHAINS and 1 <= len(self.id.encode()) <= 256, "the header names no chain")
        need(pinned is None or pinned == header["vkey"], "the pinned key is not the report's")
        self.checkpoint, key = Checkpoint(header["checkpoint"].encode(), "the checkpoint"), Key(header["vkey"])
        need(self.checkpoint.opens(key), "the checkpoint does not open with the key")
        self.log = log_id(key.name)
        self.own, self.time, shown = self.read_entry(header["index"])
        need(shown and shown.get("kind") == "ledger.index" and "payload" in shown, "the index entry does not show itself")
        payload = canonical(shown["payload"].encode(), "the index entry's payload")
        root, leaves = members(payload, ("index_root", "leaves"), "the index entry's payload")
        need(type(leaves) is int and leaves == self.own, "the index entry is over other entries than those before it")
        self.value = index_value(header["proof"], index_key(self.field, self.id), unhex(root))
        self.skipped, self.running = 0, EMPTY
        if "skipped" in header:
            self.skipped, running = members(header["skipped"], ("count", "running"), "the skipped")
            need(is_int(self.skipped, 1), "the skipped have a bad count")
            self.running = unhex(running)
        self.place, self.hole = self.skipped, None  # in the chain, by what is listed
        need(self.place <= (self.value[0] if self.value else 0), "more entries than the index counts")

    def read_entry(self, entry):
        """Index, time and shown values of an entry; None for those of an erased one, which is without an opening."""
        erased = type(entry) is dict and "opening" not in entry
        members(entry, ("leaf", "proof") if erased else ("leaf", "opening", "proof"), "an entry")
        index, commitment, time = read_leaf(entry["leaf"].encode(), self.log)
        root = included(leaf_hash(entry["leaf"].encode()), index, self.checkpoint.size, entry["proof"])
        need(root == self.checkpoint.root, "a leaf is not under the signed root: %d" % index)
        if erased:
            return index, time, None
        opened, its, shown = read_opening(render(entry["opening"]).encode())
        need((opened, its) == (index, commitment), "an opening does not match its leaf: %d" % index)
        return index, time, shown

    def read_listed(self, line, before):
        mark = b'{"erased":true,'  # the one word that the canonical JSON of the page has not
        erased = line.startswith(mark)
        entry = canonical(b"{" + line[len(mark) :] if erased else line, "an entry")
        index, time, shown = self.read_entry(entry)
        need(erased == (shown is None), "an entry is neither opened nor erased, or both")
        need((self.listed or [-1])[-1] < index < self.own, "the entries are not in order, or not before the index entry")
        need(before <= time, "an entry is earlier than the one before")
        self.place += 1
        if shown and self.field in shown:
            value = shown[self.field]
            links = read_links(canonical(value.encode(), "a chain field"), 1) if value else []
            mine = [(n, prev) for id_, n, prev in links if id_ == self.id]
            first = not self.listed and self.skipped  # the index of the entry before it is not in the report
            need(mine, "an entry is not of the chain: %d" % index)
            n, prev = mine[0]
            need(n >= self.place, "an ordinal is out of order: %d" % index)
            if n > self.place:  # a hole, and the list goes on after it
                self.place, self.hole = n, self.hole or "entries before entry %d are missing" % index
            else:
                good = 0 <= prev < index if first else prev == (self.listed or [-1])[-1]
                need(good, "an entry does not continue the chain: %d" % index)
        self.listed.append(index)
        self.running = running_hash(self.running, index)
        need(self.place <= (self.value[0] if self.value else 0), "more entries than the index counts")
        return time

def check_report_complete(report):
    need(report.hole is None, report.hole)
    if report.value is not None:
        count, last, running = report.value
        need(report.skipped + len(report.listed) == count, "the report does not have all that the index counts")
        need(report.listed[-1:] == [last], "the last entry is not that of the index")
        need(report.running == running, "the entries are not those of the index")

# Verdicts.

def attempt(check, *arguments):
    """(result, None), or (None, the reason). Whatever else goes wrong on the way is a reason as well."""
    try:
        return check(*arguments), None
    except Bad as bad:
        return None, str(bad)
    except Exception as error:  # a verifier must not fall over what it verifies
        return None, "unreadable (%s)" % type(error).__name__

def verdicts_of(kind, completeness, path, pinned):
    """({name: verdict}, exit code)."""
    read, why = attempt(kind, path, pinned)
    if why is not None:
        return {"integrity": "fails: " + why, "completeness": "not checked", "capture": "not checked"}, 2
    _, missing = attempt(completeness, read)
    return {
        "integrity": "holds" + ("" if pinned is not None else ", key not pinned"),
        "completeness": "holds" if missing is None else "fails: " + missing,
        "capture": "not checked",
    }, 0 if missing is None else 3

def bundle_verdicts(directory, pinned):
    return verdicts_of(Bundle, check_completeness, directory, pinned)

def report_verdicts(path, pinned):
    return verdicts_of(Report, check_report_complete, path, pinned)

def check_consistency(old, new, pinned):
    older, why = attempt(Bundle, old, pinned)
    need(why is None, "the older bundle: %s" % why)
    newer, why = attempt(Bundle, new, older.lines[-1])
    need(why is None, "the newer bundle: %s" % why)
    need(older.size <= newer.size, "the newer bundle is smaller")
    need(newer.tree.root(older.size) == older.checkpoint.root, "the newer bundle has another beginning")

def consistency_verdicts(old, new, pinned):
    _, why = attempt(check_consistency, old, new, pinned)
    if why is not None:
        return {"consistency": "fails: " + why}, 2
    return {"consistency": "holds" + ("" if pinned is not None else ", key not pinned")}, 0

def main(arguments):
    parser = argparse.ArgumentParser(description="Verifies a bundle, two bundles, or a report.")
    parser.error = lambda why: parser.exit(1, "%s\n" % why)
    parser.add_argument("what", nargs="+", metavar="DIR | consistency OLD NEW | report FILE")
    parser.add_argument("--key", metavar="VKEY", help="the verifier key that is to be among the log's")
    parser.add_argument("--json", action="store_true", help="print the verdicts as one object")
    asked = parser.parse_args(arguments)
    if len(asked.what) == 3 and asked.what[0] == "consistency":
        verdicts, code = consistency_verdicts(asked.what[1], asked.what[2], asked.key)
    elif len(asked.what) == 2 and asked.what[0] == "report":
        verdicts, code = report_verdicts(asked.what[1], asked.key)
    elif len(asked.what) == 1:
        verdicts, code = bundle_verdicts(asked.what[0], asked.key)
    else:
        parser.error("neither DIR nor consistency OLD NEW nor report FILE")
    lines = [json.dumps(verdicts)] if asked.json else [name + "  " + text for name, text in verdicts.items()]
    print("\n".join(lines).encode("ascii", "backslashreplace").decode())
    return code

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
