#!/usr/bin/env bash
# Looks at everything and changes nothing. All checks run; the exit code says whether all of them passed.
# What looks at Python, Rust and TypeScript runs side by side.
set -uo pipefail

bin=$(cd "$1/bin" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# check NAME COMMAND...
check() {
    local name=$1
    shift
    echo "--- $name"
    "$@" || echo "$name" >> "$out/failed"
}

# The functions' stacks are there after `make package` only; cfn-lint would say so each time.
templates() {
    "$bin/cfn-lint" template.yaml infra/*.yaml 2> >(grep -v 'Template file not found: .*/build/functions/' >&2)
}

python_checks() {
    check "ruff" "$bin/ruff" check --quiet .
    check "ruff format" "$bin/ruff" format --check --quiet .
    # The two functions' app.py are modules of the same name: one run for each.
    check "mypy" "$bin/mypy" --no-error-summary --exclude '^functions/meetings/app\.py$' .
    check "mypy, meetings function" "$bin/mypy" --no-error-summary functions/meetings/app.py
    check "cfn-lint" templates
}

core_checks() {
    cd media_fleet/packet_core || return
    check "rustfmt" cargo fmt --all --check
    check "rustfmt, fuzzing" cargo fmt --manifest-path fuzz/Cargo.toml --check
    check "clippy" cargo clippy --locked --quiet --all-targets -- -D warnings
}

web_checks() {
    cd web || return
    check "tsc" npm run --silent typecheck
    check "eslint" npm run --silent lint
}

lanes=(python core web)
for lane in "${lanes[@]}"; do
    "${lane}_checks" > "$out/$lane" 2>&1 &
done
wait
for lane in "${lanes[@]}"; do
    cat "$out/$lane"
done

if [ -s "$out/failed" ]; then
    echo "Failed: $(paste -sd, "$out/failed")" >&2
    exit 1
fi
