#!/bin/sh
# Makes the virtual environment $1 from the hash-pinned lock $2, with the first Python 3.11-3.13 found.
set -eu
venv=$1 lock=$2
for python in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then found=$python; break; fi
done
if [ -z "${found:-}" ]; then
    echo "hedgerow needs Python 3.11, 3.12 or 3.13 on PATH; set PYTHON=/path/to/python3" >&2
    exit 2
fi
if [ -n "${CONDA_PREFIX:-}" ]; then unset PYTHONHOME PYTHONPATH; fi
echo "setup: $("$found" --version) -> $venv (a minute or two, once)"
"$found" -m venv "$venv" || {
    echo "setup: this Python has no venv module; on Debian: apt-get install python3-venv" >&2
    exit 2
}
"$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$lock"
"$venv/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
