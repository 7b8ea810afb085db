#!/usr/bin/env bash
# The OpenAPI document against what the gateway does: schemathesis asks a gateway of this build, over mutual
# TLS as a pantry with referrals in its inbox, what the document says may be asked, and much that it says
# may not. A 5xx, a status, media type, header or body that the document does not say ends it badly.
#
#   bash .ci/openapi/run.sh target/release/loopgate
set -euo pipefail
. "$(dirname "$0")/../others.sh"

step openapi "$@"
from_pypi schemathesis==4.32.5
play 240
