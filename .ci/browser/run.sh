#!/usr/bin/env bash
# The pages that people read, in a headless Chromium against a gateway of this build: a pantry's two clicks
# without JavaScript, by keyboard alone, on a narrow screen, in Spanish; a sheet on one page of paper; an
# organization's own page and its spreadsheet; a forgotten PIN; and axe-core over every page. A page with a violation ends it badly.
#
#   bash .ci/browser/run.sh target/release/loopgate [FOLDER FOR SCREENSHOTS]
set -euo pipefail
. "$(dirname "$0")/../others.sh"

step browser "$1"
command -v python3 >/dev/null || absent "python3 is not there"
chromium=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$chromium" ] && (apt-get update -qq && apt-get install -y -qq chromium) >"$work/apt" 2>&1; then
  chromium=$(command -v chromium || true)
fi
[ -n "$chromium" ] || absent "there is no Chromium"
from_npm puppeteer-core@24.10.0 axe-core@4.10.3
[ "${#others[@]}" -gt 0 ] || absent "the browser cannot be driven"
mkdir -p "${2:-$work/screenshots}"
timeout 300 python3 "$here/play.py" "$loopgate" "$work" "$work/node" "$chromium" "${2:-$work/screenshots}"
