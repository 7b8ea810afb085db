#!/usr/bin/env bash
# Peers that others wrote, over real TLS: each sends REF^I12 to a gateway of this build, and takes its
# RRI, badly at first and then well. They come from the registries by name; where those cannot be
# reached it says so and ends well. A peer that is not served right ends it badly.
#
#   bash .ci/peers/run.sh target/release/loopgate
set -euo pipefail

loopgate=$(realpath "${1:?the binary}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

absent() {
  echo "peers: $1; not run"
  exit 0
}

command -v python3 >/dev/null || absent "python3 is not there"
python3 -m venv "$work/venv" >/dev/null 2>&1 || absent "python3 has no venv"
timeout 60 "$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  hl7==0.4.5 hl7apy==1.3.5 >"$work/pip" 2>&1 || absent "hl7 and hl7apy cannot be had from PyPI"

others=()
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "peers: node is not there; without its peer"
elif ! timeout 60 npm install --prefix "$work/node" --ignore-scripts --no-audit --no-fund --silent \
  node-hl7-server@2.5.0 node-hl7-client@2.3.1 >"$work/npm" 2>&1; then
  echo "peers: node-hl7-server cannot be had from npm; without its peer"
else
  cp "$here"/*.cjs "$work/node/"
  others+=("--node" "$work/node")
fi

if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
  echo "peers: Java is not there; without HAPI"
elif ! timeout 90 mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
  -DoutputDirectory="$work/java" >"$work/mvn" 2>&1; then
  echo "peers: hapi-structures-v251 cannot be had from Maven Central; without HAPI"
else
  javac -cp "$work/java/*" -d "$work/java" "$here/Hapi.java" "$here/Tls.java"
  others+=("--java" "$work/java")
fi
timeout 110 "$work/venv/bin/python" "$here/play.py" "$loopgate" "$work" "${others[@]}"
