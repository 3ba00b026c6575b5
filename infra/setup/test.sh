#!/usr/bin/env bash
# Runs everything that `make test` promises, in sections; stops after the first one that fails and says so.
# The last line is pytest's summary.
set -uo pipefail

venv=$1
mkdir -p artefacts
pytest_log=artefacts/pytest.log
: > "$pytest_log"
report=()

# section NAME COMMAND...
section() {
    local name=$1 started=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    if "$@"; then
        report+=("passed  $((SECONDS - started)) s  $name")
    else
        report+=("FAILED  $((SECONDS - started)) s  $name")
        finish 1
    fi
}

finish() {
    printf '\n==> Summary (screenshots and logs are in artefacts/)\n'
    printf '  %s\n' "${report[@]}"
    tail -n 1 "$pytest_log"
    exit "$1"
}

python_tests() {
    "$venv/bin/python" -m pytest --color=yes --junitxml=artefacts/pytest.xml tests/unit tests/integration tests/e2e 2>&1 |
        tee "$pytest_log"
}

cargo_tests() { (cd media_fleet/packet_core && cargo test --locked --quiet); }
web_tests() { (cd web && npm test --silent); }

section "Checks: formatting, lint, types, templates" infra/setup/check.sh "$venv"
section "Packet core: unit and property tests" cargo_tests
section "Web: unit tests" web_tests
section "Python: unit, integration and end-to-end tests" python_tests
finish 0
