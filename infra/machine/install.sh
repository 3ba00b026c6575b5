#!/usr/bin/env bash
# install.sh gateway|media|server [RELEASE]: installs a service, or with "server" all of them on this one machine, of the unpacked release (the folder above this script's, unless named) on a
# Debian server, or on Amazon Linux. Run as root; run again to update: the release before stays, and install.sh --back goes back to it.
#
# Settings are in /etc/parley/<service>.env, which is made if it is missing, and never changed (docs/operations/single-server.md).
set -euo pipefail

say() { printf '==> %s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

root=${PARLEY_INSTALL_ROOT:-}   # a folder instead of /, for tests
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail "must be run as root"
home=$root/opt/parley

go_back() {
    [ -L "$home/previous" ] || fail "there is no release before this one"
    now=$(readlink "$home/current"); before=$(readlink "$home/previous")
    ln -sfnT "$before" "$home/current"; ln -sfnT "$now" "$home/previous"
    say "back to ${before##*/}"
    restart
}

restart() {
    [ -z "$root" ] || return 0
    for unit in parley parley-gateway parley-media; do
        if systemctl is-enabled --quiet "$unit" 2> /dev/null; then systemctl restart "$unit"; fi
    done
}

[ "${1:-}" = --back ] && { go_back; exit; }
service=${1:-}
case $service in
    gateway | media) unit=parley-$service settings=$service ;;
    server) unit=parley settings=parley ;;
    *) fail "which service? install.sh gateway|media|server [RELEASE]" ;;
esac
release=$(cd "${2:-$(dirname "$0")/../..}" && pwd)
[ -f "$release/requirements.lock" ] && [ -d "$release/wheels" ] || fail "$release is no release (make package-release builds one)"
name=$(sha256sum "$release/MANIFEST" | cut -c1-16)

# The wheels are of this Python, whatever `python3` is.
python=python3.11
has_python() { "$python" -c 'import venv, ensurepip' 2> /dev/null; }
if ! has_python; then
    say "installing Python"
    if command -v apt-get > /dev/null; then
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends python3.11 python3.11-venv
    elif command -v dnf > /dev/null; then
        dnf install -qy python3.11
    fi || true
    has_python || fail "Python 3.11 with venv is needed, and could not be installed: Debian 12 and Amazon Linux 2023 have it"
fi

to=$home/releases/$name
if [ ! -f "$to/.installed" ]; then
    say "installing release $name"
    mkdir -p "$to"
    tar -C "$release" --exclude=./wheels -cf - . | tar -C "$to" --no-same-owner -xf -
    "$python" -m venv "$to/.venv"
    "$to/.venv/bin/pip" install --quiet --disable-pip-version-check --no-input --no-index --find-links "$release/wheels" \
        --require-hashes -r "$release/requirements.lock"
    touch "$to/.installed"
fi
chmod -R u=rwX,go=rX "$to"
if [ -L "$home/current" ] && [ "$(readlink "$home/current")" != "releases/$name" ]; then
    ln -sfnT "$(readlink "$home/current")" "$home/previous"
fi
ln -sfnT "releases/$name" "$home/current"
ln -sfnT current/.venv "$home/venv"

install -d -m 0700 "$root/etc/parley"
settings=$root/etc/parley/$settings.env
[ -f "$settings" ] || install -m 0600 "$to/infra/machine/${settings##*/}" "$settings"
install -D -m 0644 "$to/infra/machine/90-parley.conf" "$root/etc/sysctl.d/90-parley.conf"
units=("$unit.service")
! grep -q '^PARLEY_MACHINE_HEALTH_URL=' "$settings" || units+=("parley-watch@.service")
! grep -q '^PARLEY_MACHINE_ON_EC2=' "$settings" || units+=("parley-drain@.service" "parley-measure@.service")
! grep -q '^PARLEY_MACHINE_LOG_GROUP=' "$settings" || units=("parley-logs@.service" "${units[@]}")
for file in "${units[@]}"; do
    install -D -m 0644 "$to/infra/machine/$file" "$root/etc/systemd/system/$file"
done
[ -z "$root" ] || { say "installed in $root"; exit; }
sysctl --quiet --system || say "some kernel settings were not taken (a container?)"
systemctl daemon-reload
for file in "${units[@]}"; do systemctl enable --quiet "${file/@/@$service}"; done
for file in "${units[@]}"; do systemctl restart "${file/@/@$service}"; done
say "$unit runs: systemctl status $unit; journalctl -u $unit"
