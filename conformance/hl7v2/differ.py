#!/usr/bin/env python3
"""Holds what loopgate finds in HL7 v2 messages against what python-hl7 finds.

    pip install hl7
    cargo build -p loopgate-hl7v2 --example segments
    python3 conformance/hl7v2/differ.py target/debug/examples/segments [FOLDER...]

Each FOLDER (or the one that LOOPGATE_CORPUS names) is searched for *.hl7; messages of every
structure are made besides. Every disagreement must be explained by one of the rules below, which
says exactly what python-hl7 finds instead, or why the standard refuses the message. Exits with 1 if
one is not explained, with 2 if python-hl7 is not there.
"""

import collections
import json
import os
import pathlib
import string
import subprocess
import sys
import tempfile

try:
    import hl7
except ImportError:
    print("python-hl7 is not there: pip install hl7", file=sys.stderr)
    sys.exit(2)

MADE = 2000
# How table 0211 and senders call a character set, without blanks and signs, and Python's name.
CODECS = {
    "": "utf-8", "UNICODEUTF8": "utf-8", "UTF8": "utf-8", "ASCII": "ascii",
    "WINDOWS1252": "cp1252", "CP1252": "cp1252",
    **{f"8859{n}": f"iso8859-{n}" for n in range(1, 16)},
}
HEADERS = ("MSH", "FHS", "BHS", "BTS", "FTS")


def codec(data):
    """Python's name for the characters of a message, as MSH-18 says; nothing if it knows none."""
    line = data.removeprefix(b"\xef\xbb\xbf").splitlines()[0].decode("latin-1")
    fields = line.split(line[3:4] or "|")
    named = fields[17] if len(fields) > 17 else ""
    component, repetition = fields[1][:2] if len(fields) > 1 and len(fields[1]) > 1 else "^~"
    first, *others = named.split(repetition)
    if any(other not in ("", first) for other in others):
        return None  # shifts between character sets
    named = first.split(component)[0]
    plain = "".join(c for c in named.upper() if c not in " -_/")
    return CODECS.get(plain) or CODECS.get(plain.removeprefix("ISO"))


def tree(field):
    """A field of python-hl7 as repetitions, components, subcomponents; nothing if it is empty."""
    def component(one):
        return [one] if isinstance(one, str) else [str(leaf) for leaf in one]

    def repetition(one):
        return [[one]] if isinstance(one, str) else [component(part) for part in one]

    found = [[[field]]] if isinstance(field, str) else [repetition(part) for part in field]
    return [] if found == [[[""]]] else found


def theirs(text):
    """What python-hl7 finds, as loopgate prints it; nothing if it raises."""
    try:
        message = hl7.parse(text)
    except Exception:  # whatever it raises, it takes no message
        return None
    return [[str(segment[0]), [tree(field) for field in segment[1:]]] for segment in message]


def plain(text):
    """The text with each line end as CR."""
    return text.replace("\r\n", "\r").replace("\n", "\r")


def wrong(text):
    """What is wrong with a message by the standard; nothing if nothing is."""
    text = plain(text.removeprefix("\ufeff"))
    lines = text.split("\r")
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    if not lines[0].startswith("MSH"):
        return "it does not begin with MSH"
    separator = lines[0][3:4]
    signs = lines[0][4:].split(separator)[0] if separator else ""
    every = separator + signs
    if (
        len(signs) not in (4, 5) or len(set(every)) != len(every)
        or any(c not in string.punctuation or c == '"' for c in every)
    ):
        return "its delimiters are none"
    if any((ord(c) < 32 and c not in "\r\t") or 127 <= ord(c) < 160 for c in text):
        return "a control character is in it"
    for line in lines[1:]:
        name = line[:3]
        if not line.strip():
            return "a line is empty"
        if not (
            len(name) == 3 and name[0] in string.ascii_uppercase
            and all(c in string.ascii_uppercase + string.digits for c in name)
            and line[3:4] in ("", separator)
        ):
            return "a line begins with no segment name"
        if name in HEADERS:
            return "it has another header inside"
    return None


def compare(data, ours):
    """The rules that explain the disagreements about one message; raises one that none does."""
    encoding = codec(data)
    refused = ours.get("refused")
    if encoding is None:
        if refused is None or not refused.startswith("MSH-18"):
            raise AssertionError("Python knows no such character set")
        return ["its character set is none we read"]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if refused is None or not refused.startswith("MSH-18"):
            raise AssertionError("Python cannot decode it") from None
        return ["its characters are not those that MSH-18 names"]
    why = wrong(text)
    if refused is not None:
        if why is None:
            raise AssertionError(f"it is refused: {refused}")
        return [why] if theirs(text) is not None else []
    if why is not None:
        raise AssertionError(f"it is taken, but {why}")
    rules = []
    found = theirs(text)
    if text.startswith("\ufeff"):
        if found is not None:
            raise AssertionError("python-hl7 takes a byte order mark")
        rules.append("it takes no byte order mark")
        text = text.removeprefix("\ufeff")
        found = theirs(text)
    expected = ours["segments"]
    if found != expected and "\n" in text:
        rules.append("LF ends no line; with CR instead it agrees")
        found = theirs(plain(text))
    if found != expected and text != text.strip():
        rules.append("it takes the blanks off the end of the message")
        expected = blanks_off(expected)
    if found != expected:
        raise AssertionError(f"python-hl7 finds\n{found}\nrather than\n{expected}")
    return rules


def blanks_off(segments):
    """The segments with no blanks at the end of the last leaf."""
    *before, (name, fields) = json.loads(json.dumps(segments))
    if fields and fields[-1]:
        leaves = fields[-1][-1][-1]
        leaves[-1] = leaves[-1].rstrip()
        if fields[-1] == [[[""]]]:
            fields[-1] = []
    return [*before, [name, fields]]


def compare_batch(data, ours):
    """The rules for a batch or a file of batches."""
    text = plain(data.decode("utf-8"))
    try:
        found = hl7.parse_hl7(text)
    except Exception:
        found = None
    if "refused" in ours:
        return [f"a batch: {ours['refused']}"] if found is not None else []
    messages = found or []
    if isinstance(found, hl7.File):
        messages = [message for batch in found for message in batch]
    taken = [message["segments"] for message in ours["messages"] if "segments" in message]
    shown = [
        [[str(segment[0]), [tree(field) for field in segment[1:]]] for segment in message]
        for message in messages
    ]
    if found is not None and shown != taken:
        # It joins the lines of a message with the line ends between them, the last one too.
        shown = [[segment for segment in one if segment != ["", []]] for one in shown]
    if found is None or shown != taken:
        raise AssertionError(f"python-hl7 finds\n{shown}\nrather than\n{taken}")
    return []


def main(binary, folders):
    files = sorted(path for folder in folders for path in pathlib.Path(folder).rglob("*.hl7"))
    rules = collections.Counter()
    unexplained = 0
    with tempfile.TemporaryDirectory() as made:
        subprocess.run([binary, "--make", made, str(MADE)], check=True)
        files += sorted(pathlib.Path(made).glob("*.hl7"))
        names = [str(path) for path in files]
        lines = []
        for start in range(0, len(names), 500):
            done = subprocess.run(
                [binary, *names[start:start + 500]], check=True, capture_output=True, text=True,
            )
            lines += done.stdout.splitlines()
        assert len(lines) == len(files), "a file has no line"
        for path, line in zip(files, lines):
            ours = json.loads(line)
            data = path.read_bytes()
            try:
                explained = (
                    compare(data, ours["message"]) if "message" in ours
                    else compare_batch(data, ours)
                )
            except AssertionError as error:
                unexplained += 1
                print(f"{path.name}: {error}", file=sys.stderr)
                continue
            rules.update(explained)
    for rule, count in sorted(rules.items()):
        print(f"{count:6} x {rule}")
    print(f"{len(files)} files, {unexplained} disagreements that no rule explains")
    return 1 if unexplained else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    corpus = os.environ.get("LOOPGATE_CORPUS")
    given = sys.argv[2:] or ([os.path.join(corpus, "hl7v2")] if corpus else [])
    sys.exit(main(sys.argv[1], given))
