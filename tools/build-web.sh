#!/bin/sh
# Builds the operator's page into gateway/web/dist with the node of environment $1; without npm's registry all else works.
set -eu
bin=$(cd "$1/bin" && pwd)
cd "$(dirname "$0")/../gateway/web"
PATH=$bin:$PATH
export PATH
if ! command -v npm >/dev/null; then
    echo "page: no npm in $bin; the page is not built, everything else works" >&2
    exit 0
fi
if [ ! -e node_modules/.installed ] || [ package-lock.json -nt node_modules/.installed ]; then
    echo "page: fetching its packages (seconds, once)"
    if ! npm ci --loglevel=error --fetch-retries=1 --fetch-timeout=30000; then
        echo "page: npm's registry cannot be reached; the page is not built, everything else works" >&2
        echo "page: run \`make page\` again when it can" >&2
        exit 0
    fi
    touch node_modules/.installed
fi
node build.mjs
