#!/usr/bin/env bash
# Looks at everything and changes nothing. All checks run; the exit code says whether all of them passed.
set -uo pipefail

bin=$(cd "$1/bin" && pwd)
failed=()

check() {
    local name=$1
    shift
    echo "--- $name"
    "$@" || failed+=("$name")
}

# The functions' stacks are there after `make package` only; cfn-lint would say so each time.
templates() {
    "$bin/cfn-lint" template.yaml infra/*.yaml 2> >(grep -v 'Template file not found: .*/build/functions/' >&2)
}

in_core() { (cd media_fleet/packet_core && "$@"); }
in_web() { (cd web && "$@"); }

check "ruff" "$bin/ruff" check --quiet .
check "ruff format" "$bin/ruff" format --check --quiet .
# The two functions' app.py are modules of the same name: one run for each.
check "mypy" "$bin/mypy" --no-error-summary --exclude '^functions/meetings/app\.py$' .
check "mypy, meetings function" "$bin/mypy" --no-error-summary functions/meetings/app.py
check "cfn-lint" templates
check "rustfmt" in_core cargo fmt --all --check
check "clippy" in_core cargo clippy --locked --quiet --all-targets -- -D warnings
check "tsc" in_web npm run --silent typecheck
check "eslint" in_web npm run --silent lint

if [ ${#failed[@]} -gt 0 ]; then
    echo "Failed: $(IFS=,; echo "${failed[*]}")" >&2
    exit 1
fi
