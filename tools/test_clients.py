"""Runs the conformance scenarios with every client library, each in a clean environment of its own.

    python tools/test_clients.py [--client ib_async] [--only NAME] [--json FILE] [--make-only]

ib_insync and ib_async both own the module `eventkit`, so they never share an environment. The
environments are made once in `.venv-clients/` and kept; a change of version makes one anew.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from hedgerow.conformance import environments
from hedgerow.conformance.launch import FIELDS, results


def make(client: str) -> Path:
    """The Python of the environment that has this client, made when it is not there yet."""
    python, requirement = environments.made(client), environments.REQUIREMENTS[client]
    if environments.is_current(client):
        return python
    target = environments.folder() / client
    print(f"making {target.relative_to(target.parent.parent)} with {requirement}", flush=True)
    shutil.rmtree(target, ignore_errors=True)
    venv.create(target, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
    (target / ".requirement").write_text(requirement)
    return python


def run(client: str, only: str) -> list[dict[str, Any]]:
    """Run all scenarios with one client, failures told as they come; their results."""
    found = []
    for result in results(client, make(client), only=only):
        found.append(result)
        if not result["passed"]:
            print(f"FAILED {client} {result['server_version']} {result['scenario']}\n{result['detail']}", flush=True)
    versions = sorted({result["server_version"] for result in found}, reverse=True)
    passed = sum(result["passed"] for result in found)
    print(f"{environments.REQUIREMENTS[client]}: {passed} of {len(found)} scenarios passed, server versions {versions}")
    return found


def main() -> int:
    """The command line; exit code 1 when a scenario fails with any client."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", choices=sorted(environments.REQUIREMENTS), action="append", help="default: all")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    parser.add_argument("--make-only", action="store_true", help="make the environments and run nothing")
    options = parser.parse_args()
    clients = options.client or list(environments.REQUIREMENTS)
    for client in clients:
        make(client)
    if options.make_only:
        return 0
    found = [result for client in clients for result in run(client, options.only)]
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        rows = [{name: result[name] for name in FIELDS} for result in found]
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if found and all(result["passed"] for result in found) else 1


if __name__ == "__main__":
    sys.exit(main())
