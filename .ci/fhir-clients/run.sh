#!/usr/bin/env bash
# FHIR clients that others wrote, over mutual TLS: each is a hospital that refers by a transaction and a
# pantry that takes it to the end, on a gateway of this build. They come from the registries by name;
# where those cannot be reached it says so and ends well. A client that is not served right ends it badly.
#
#   bash .ci/fhir-clients/run.sh target/release/loopgate
set -euo pipefail

loopgate=$(realpath "${1:?the binary}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

absent() {
  echo "fhir-clients: $1; not run"
  exit 0
}

command -v python3 >/dev/null || absent "python3 is not there"
python3 -m venv "$work/venv" >/dev/null 2>&1 || absent "python3 has no venv"
timeout 90 "$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  fhirpy==2.3.1 fhirclient==4.4.0 >"$work/pip" 2>&1 ||
  absent "fhirpy and fhirclient cannot be had from PyPI"

others=()
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "fhir-clients: node is not there; without its client"
elif [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
  echo "fhir-clients: node is older than 20; without its client"
elif ! timeout 60 npm install --prefix "$work/node" --ignore-scripts --no-audit --no-fund --silent \
  fhir-kit-client@2.0.3 undici@6.29.1 >"$work/npm" 2>&1; then
  echo "fhir-clients: fhir-kit-client cannot be had from npm; without it"
else
  cp "$here"/kit.mjs "$work/node/"
  others+=("--node" "$work/node")
fi

if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
  echo "fhir-clients: Java is not there; without HAPI"
elif ! timeout 120 mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
  -DoutputDirectory="$work/java" >"$work/mvn" 2>&1; then
  echo "fhir-clients: hapi-fhir-client cannot be had from Maven Central; without it"
else
  javac -cp "$work/java/*" -d "$work/java" "$here/HapiFhir.java" "$here/../peers/Tls.java"
  others+=("--java" "$work/java")
fi
timeout 150 "$work/venv/bin/python" "$here/play.py" "$loopgate" "$work" "${others[@]}"
