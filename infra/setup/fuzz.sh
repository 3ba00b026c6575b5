#!/usr/bin/env bash
# Fuzzes every parser: each target, one after the other, from seeds and from what earlier runs have found.
#
#   infra/setup/fuzz.sh VENV SECONDS [TARGET...]     so long each; all targets if none is named
#   infra/setup/fuzz.sh VENV build                   only builds them
#
# The packet core's targets by libFuzzer, as cargo-fuzz uses it, but with the compiler that builds everything else: coverage
# needs no nightly one, and the address sanitizer has little to look for in crates that forbid unsafe code: those that do
# not are run under it by `make sanitize`.
# SDP and RTMP (`sdp` and `rtmp`, in Python) by atheris, where there is one for this machine. An input that breaks an invariant is kept in
# artefacts/fuzz.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=$1/bin/python
seconds=$2
shift 2
fuzz=media_fleet/packet_core/fuzz
host=$(rustc -vV | sed -n 's/^host: //p')
if [ $# -eq 0 ]; then
    for target in "$fuzz"/fuzz_targets/*.rs; do
        set -- "$@" "$(basename "$target" .rs)"
    done
    if "$python" -c 'import atheris' 2> /dev/null; then
        set -- "$@" sdp rtmp
    else
        echo "fuzzing sdp and rtmp: left out, there is no atheris for this machine"
    fi
fi

build() {
    local coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
    coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
    coverage+=" -Cllvm-args=-sanitizer-coverage-trace-compares"
    cargo run --locked --quiet --package parley-wire --example fuzz_seeds -- fuzz/corpus
    cd fuzz
    RUSTFLAGS="$coverage -Ccodegen-units=1 --cfg fuzzing -Dwarnings" \
        cargo build --locked --quiet --release --target "$host" --target-dir target
}
(cd "$fuzz/.." && build)
if [ "$seconds" = build ]; then
    exit
fi

# fuzzer TARGET: its command, with its corpus.
fuzzer() {
    if [ "$1" = sdp ] || [ "$1" = rtmp ]; then
        command=("$python" -m "tests.fuzz.$1" "$fuzz/corpus/$1" -max_len=16384)
    else
        command=("$fuzz/target/$host/release/$1" "$fuzz/corpus/$1" -max_len=4096)
    fi
}

mkdir -p artefacts/fuzz
for target in "$@"; do
    mkdir -p "$fuzz/corpus/$target"
    fuzzer "$target"
    log=artefacts/fuzz/$target.log
    if ! "${command[@]}" "-max_total_time=$seconds" -timeout=10 "-artifact_prefix=artefacts/fuzz/$target-" > "$log" 2>&1; then
        tail -n 40 "$log"
        echo "fuzzing $target: FAILED; the input is in artefacts/fuzz" >&2
        exit 1
    fi
    echo "fuzzing $target: $(sed -n 's/^Done //p' "$log")"
done
