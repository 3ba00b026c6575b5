#!/usr/bin/env bash
# Runs everything that `make test` promises, in sections; stops after the first one that fails and says so.
# The last line is pytest's summary.
set -uo pipefail

venv=$1
mkdir -p artefacts
rm -rf artefacts/pytest* artefacts/e2e
report=()
builds=

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
    summary
    exit "$1"
}

# What is read later, from a file, is read without colours.
if [ -t 1 ]; then colour=yes; else colour=no; fi

# pytest NAME ARGUMENTS...: what it prints is kept.
pytest() {
    local name=$1
    shift
    "$venv/bin/python" -m pytest "--color=$colour" "--junitxml=artefacts/pytest-$name.xml" "$@" 2>&1 | tee "artefacts/pytest-$name.log"
}

# One line for all of pytest's runs.
summary() {
    tail -qn 1 artefacts/pytest-*.log 2> /dev/null | sed 's/\x1b\[[0-9;]*m//g' | awk '
        { for (i = 2; i <= NF; i++) if ($i ~ /^(passed|failed|skipped|error|errors)/) { sub(/,$/, "", $i); count[$i] += $(i - 1) }
          if (match($0, /in [0-9.]+s/)) seconds += substr($0, RSTART + 3, RLENGTH - 4) }
        END { text = ""; for (kind in count) text = text (text ? ", " : "") count[kind] " " kind
              print "=== " (text ? text : "no tests") " in " seconds "s ===" }'
}

# These wait for nothing outside their own process: two at a time. The files that take longest are not those of many
# tests, by which xdist would sort them: they come first, so that the end is made of short ones.
functions_tests() { pytest functions -n 2 --dist loadfile --no-loadscope-reorder tests/integration/functions; }
# Apart from these, for which the clients of AWS are watched, and from one another: moto is one for a whole process.
template_tests() { pytest templates -n 2 --dist loadfile tests/integration/infra; }
unit_tests() { pytest unit -n 2 --dist loadfile tests/unit; }
# Each process of these has a broker, gateways and ports of its own, and hears of media only: it waits more than it works.
signaling_tests() { pytest signaling -n 3 --dist loadfile tests/integration/signaling; }
# Whole platforms and what befalls their parts: they wait for processes to start, end and be missed.
platform_tests() { pytest platform -n 2 --dist loadfile --no-loadscope-reorder tests/integration/platform tests/faults; }
# Pages that show no more than one camera: each process has a platform and a browser of its own. Here, too, the files that
# take longest come first.
page_tests() { pytest pages -n 2 --dist loadfile --no-loadscope-reorder tests/e2e/pages; }
# Browsers take turns in one process; beside them goes what needs none.
node_tests() { pytest node -n 2 --dist loadgroup tests/integration/media --ignore tests/integration/media/impaired_paths; }
# Where it is measured what people see and hear, pictures and sound have to come in time: one at a time.
media_tests() { pytest media tests/integration/media/impaired_paths tests/e2e --ignore tests/e2e/pages; }

# Builds what the packet core's sections run, of what the sections beside it leave of the processors: a group of its own,
# to be ended as one. What goes wrong is shown by the section that needs it, which builds it again.
begin_core_builds() {
    set -m
    (
        (cd media_fleet/packet_core && nice -n 19 cargo test --locked --quiet --no-run)
        nice -n 19 infra/setup/fuzz.sh "$venv" build
    ) > artefacts/core-builds.log 2>&1 < /dev/null &
    builds=$!
    set +m
}
end_core_builds() { [ -z "$builds" ] || kill -- "-$builds" 2> /dev/null; }
trap end_core_builds EXIT

cargo_tests() {
    wait "$builds"
    builds=
    (cd media_fleet/packet_core && cargo test --locked --quiet) && pytest core tests/integration/packet_core
}
fuzzing() { infra/setup/fuzz.sh "$venv" 1; }
web_tests() { (cd web && npm test --silent); }

section "Checks: formatting, lint, types, templates" infra/setup/check.sh "$venv"
section "Web: unit tests" web_tests
section "Python: unit tests" unit_tests
section "Python: templates in moto" template_tests
section "Python: functions" functions_tests
begin_core_builds
section "Python: signalling" signaling_tests
section "Python: platform, faults" platform_tests
section "Packet core: unit and property tests, libsrtp" cargo_tests
section "Every parser: fuzzing, a second each (make fuzz: longer)" fuzzing
section "Python: media nodes" node_tests
section "Browsers: pages" page_tests
section "Python: bad paths; browsers: meetings" media_tests
finish 0
