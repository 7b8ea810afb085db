#!/usr/bin/env bash
# HL7's own validator over what the gateway says in FHIR: of a deployment that is played here, of `translate`,
# and of the folders given. An error is one that the validator finds in any of it; declared.tsv names what is
# not counted, and why. Where the validator or the corpus cannot be had it says so and ends well.
#
#   bash conformance/judge/run.sh target/release/loopgate [FOLDER...]
#
# The definitions: R4's are the validator's own; US Core 7.0.0, SDOHCC 3.0.0 and the Subscriptions Backport 1.1.0
# are those of $LOOPGATE_CORPUS. JUDGE_SAYS=FILE keeps the whole of what it said.
set -euo pipefail

loopgate=$(realpath "${1:?the binary}")
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

absent() {
  echo "judge: $1; not run"
  exit 0
}

[ -n "${LOOPGATE_CORPUS:-}" ] && [ -d "${LOOPGATE_CORPUS:-}/sdohcc/profiles" ] ||
  absent "the corpus is not there"
command -v python3 >/dev/null || absent "python3 is not there"
if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
  absent "Java is not there"
fi
timeout 300 mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
  -DoutputDirectory="$work/java" >"$work/mvn" 2>&1 ||
  absent "the validator cannot be had from Maven Central"
javac -cp "$work/java/*" -d "$work/classes" "$here/Judge.java"

judge() { # judge judge|wrong FOLDER...
  timeout 600 java -Xmx3g -cp "$work/classes:$work/java/*" Judge \
    "$LOOPGATE_CORPUS" "$here/declared.tsv" "$@"
}

judge wrong "$here/wrong"
mkdir "$work/said"
python3 "$here/collect.py" "$loopgate" "$work" "$work/said" "$LOOPGATE_CORPUS"
says=${JUDGE_SAYS:-$work/says}
code=0
judge judge "$work/said" "$@" >"$says" || code=$?
# The files without an error are many; the kinds and the sum are told, and each error.
grep -vE ': 0 errors, [0-9]+ warnings, [0-9]+ declared$' "$says"
exit "$code"
