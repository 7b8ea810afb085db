#!/usr/bin/env bash
# FHIR clients that others wrote, over mutual TLS: each is a hospital that refers by a transaction and a
# pantry that takes it to the end, on a gateway of this build. A client that is not served right ends it
# badly.
#
#   bash .ci/fhir-clients/run.sh target/release/loopgate
set -euo pipefail
. "$(dirname "$0")/../others.sh"

step fhir-clients "$@"
from_pypi fhirpy==2.3.1 fhirclient==4.4.0
from_npm fhir-kit-client@2.0.3 undici@6.29.1
from_maven "$here/HapiFhir.java" "$here/../peers/Tls.java"
play 150
