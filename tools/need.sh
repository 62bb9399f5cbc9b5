#!/bin/sh
# Finds the programs the tests need beside Python; as root on Debian installs what is missing, else says how to.
# Arguments: postgresql, chromium, and names of Debian packages that bring a command of that name.
set -eu

has() {
    case $1 in
    postgresql)  # binaries of our own, or a Docker engine to run it in
        for bin in $(dirname "$(command -v initdb || echo /nowhere/initdb)") /usr/lib/postgresql/*/bin; do
            if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then return 0; fi
        done
        command -v docker >/dev/null && docker info >/dev/null 2>&1 ;;
    chromium)
        for browser in chromium chromium-browser google-chrome google-chrome-stable; do
            if command -v "$browser" >/dev/null; then return 0; fi
        done
        return 1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

missing=
for name; do has "$name" || missing="$missing $name"; done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "the tests need$missing on PATH: install it, then run this again" >&2
    exit 2
elif [ "$(id -u)" != 0 ]; then
    echo "the tests need$missing; run: sudo apt-get install$missing" >&2
    exit 2
fi
echo "installing$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086  # a list of names
RUNLEVEL=1 apt-get install -y -q --no-install-recommends $missing
