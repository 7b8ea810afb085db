#!/usr/bin/env bash
# Peers that others wrote, over real TLS: each sends REF^I12 to a gateway of this build, and takes its
# RRI, badly at first and then well. A peer that is not served right ends it badly.
#
#   bash .ci/peers/run.sh target/release/loopgate
set -euo pipefail
. "$(dirname "$0")/../others.sh"

step peers "$@"
from_pypi hl7==0.4.5 hl7apy==1.3.5
from_npm node-hl7-server@2.5.0 node-hl7-client@2.3.1
from_maven "$here/Hapi.java" "$here/Tls.java"
play 110
