# What the steps share that hold a gateway of this build against programs that others wrote. These come
# from the registries by name; where those cannot be reached a step says so and ends well.
#
#   step NAME BINARY; from_pypi PACKAGE…; from_npm PACKAGE…; from_maven FILE…; play SECONDS

step() { # step NAME BINARY: its folder is $here, its scratch folder $work
  step=$1
  loopgate=$(realpath "${2:?the binary}")
  here=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  others=()
}

absent() {
  echo "$step: $1; not run"
  exit 0
}

from_pypi() { # what cannot be done without
  command -v python3 >/dev/null || absent "python3 is not there"
  python3 -m venv "$work/venv" >/dev/null 2>&1 || absent "python3 has no venv"
  timeout 90 "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@" \
    >"$work/pip" 2>&1 || absent "$* cannot be had from PyPI"
}

from_npm() { # beside the step's own scripts
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "$step: node is not there; without $*"
  elif [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    echo "$step: node is older than 20; without $*"
  elif ! timeout 60 npm install --prefix "$work/node" --ignore-scripts --no-audit --no-fund --silent \
    "$@" >"$work/npm" 2>&1; then
    echo "$step: $* cannot be had from npm"
  else
    find "$here" -maxdepth 1 \( -name '*.cjs' -o -name '*.mjs' \) -exec cp {} "$work/node/" \;
    others+=("--node" "$work/node")
  fi
}

from_maven() { # what the step's pom.xml names, and these sources
  if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
    echo "$step: Java is not there; without HAPI"
  elif ! timeout 120 mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies \
    -DoutputDirectory="$work/java" >"$work/mvn" 2>&1; then
    echo "$step: HAPI cannot be had from Maven Central"
  else
    javac -cp "$work/java/*" -d "$work/java" "$@"
    others+=("--java" "$work/java")
  fi
}

play() {
  timeout "$1" "$work/venv/bin/python" "$here/play.py" "$loopgate" "$work" "${others[@]}"
}
