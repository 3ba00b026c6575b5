#!/usr/bin/env bash
# Checks that the tools which nobody can install for you are here, and names all that are missing in one message.
#
#   infra/setup/tools.sh PYTHON           for building and running
#   infra/setup/tools.sh PYTHON test      for `make test` and `make check` too
#   infra/setup/tools.sh PYTHON interop   what `make interop` needs besides
#   infra/setup/tools.sh PYTHON server    what `make try-server` needs besides
#   infra/setup/tools.sh PYTHON release MACHINE...   what `make package-release` needs besides
#
# Debian packages that it can install itself it installs when run as root.
set -euo pipefail

python=$1
purpose=${2:-run}
missing=()

# at_least WANTED FOUND: compares versions like 1.88.0
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# debian COMMAND PACKAGE: installs the package when the command is missing and we may.
debian() {
    command -v "$1" > /dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        echo "==> Installing the Debian package $2"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; } \
            > /dev/null && command -v "$1" > /dev/null && return
    fi
    missing+=("$1 (Debian package $2: apt-get install $2)")
}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    missing+=("Python 3.11 or newer (another one: make PYTHON=/path/to/python3.11)")
elif ! "$python" -c 'import ensurepip, venv' 2> /dev/null; then
    package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        echo "==> Installing the Debian package $package"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"; } > /dev/null || true
    fi
    "$python" -c 'import ensurepip, venv' 2> /dev/null || missing+=("Python's venv module (apt-get install $package)")
fi

debian cc gcc

if ! command -v cargo > /dev/null; then
    missing+=("cargo: a Rust toolchain, 1.88 or newer (https://rustup.rs)")
elif ! at_least 1.88 "$(cargo --version | cut -d ' ' -f 2)"; then
    missing+=("Rust 1.88 or newer ($(cargo --version) is here: rustup update)")
elif [ "$purpose" = test ]; then
    cargo fmt --version > /dev/null 2>&1 || missing+=("rustfmt (rustup component add rustfmt)")
    cargo clippy --version > /dev/null 2>&1 || missing+=("clippy (rustup component add clippy)")
fi

if ! command -v node > /dev/null; then
    missing+=("node: Node.js 20.19 or newer (https://nodejs.org)")
elif ! at_least 20.19 "$(node --version | tr -d v)"; then
    missing+=("Node.js 20.19 or newer ($(node --version) is here)")
fi
command -v npm > /dev/null || missing+=("npm (comes with Node.js)")

if [ "$purpose" = test ]; then
    debian c++ g++
    debian chromium-headless-shell chromium-headless-shell
    debian turnserver coturn
    debian ffprobe ffmpeg
    PATH=$PATH:/usr/sbin debian slapd slapd
elif [ "$purpose" = server ]; then
    debian debootstrap debootstrap
    debian systemd-nspawn systemd-container
elif [ "$purpose" = release ]; then
    for machine in "${@:3}"; do
        target=$machine-unknown-linux-gnu
        library() { [ -d "$("${RUSTC:-rustc}" --print target-libdir --target "$target")" ]; }
        library || { command -v rustup > /dev/null && rustup target add "$target" > /dev/null 2>&1 && library; } ||
            missing+=("Rust's library for $machine (rustup target add $target; releases for one kind alone: MACHINES=$(uname -m))")
    done
elif [ "$purpose" = interop ]; then
    command -v firefox > /dev/null || debian firefox-esr firefox-esr
fi

if [ ${#missing[@]} -gt 0 ]; then
    {
        echo "Parley needs what is not on this machine:"
        printf '  - %s\n' "${missing[@]}"
    } >&2
    exit 1
fi
