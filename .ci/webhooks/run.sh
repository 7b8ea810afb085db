#!/usr/bin/env bash
# Receivers of webhooks with the libraries of the convention's own authors: each takes the webhooks of a
# gateway of this build over real TLS, and refuses what was changed, is late or is signed by nobody.
#
#   bash .ci/webhooks/run.sh target/release/loopgate
set -euo pipefail
. "$(dirname "$0")/../others.sh"

step webhooks "$@"
from_pypi standardwebhooks==1.1.0
from_npm standardwebhooks@1.1.1
play 110
