"""Runs the conformance scenarios with every client library, each in an environment of its own.

    python tools/test_clients.py [--client ib_async] [--only NAME] [--json FILE]

ib_insync and ib_async both own the module `eventkit`, so they never share an environment. The
environments are made once in `.venv-clients/` and kept; a change of version makes one anew.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".venv-clients"
CLIENTS = {"ib_insync": "ib_insync==0.9.86", "ib_async": "ib_async==2.1.0", "ibapi": "ibapi==9.81.1.post1"}
RUNNER = ROOT / "tests" / "conformance" / "run.py"


def environment(client: str) -> Path:
    """The Python of the environment that has this client, made when it is not there yet."""
    folder, requirement = ENVIRONMENTS / client, CLIENTS[client]
    python, made = folder / "bin" / "python", folder / ".requirement"
    if python.exists() and made.is_file() and made.read_text() == requirement:
        return python
    print(f"making {folder.relative_to(ROOT)} with {requirement}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
    made.write_text(requirement)
    return python


def run(client: str, only: str) -> list[dict[str, Any]]:
    """Run all scenarios with one client; their results."""
    command = [environment(client), RUNNER, "--client", client, "--server-python", sys.executable, "--json"]
    # The scenarios' environment must be the client's alone.
    variables = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [*map(str, command), "--only", only], env=variables, stdout=subprocess.PIPE, text=True, check=False
    )
    try:
        results: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(f"{client}: the runner ended with {done.returncode} and no results") from None
    return results


def main() -> int:
    """The command line; exit code 1 when a scenario fails with any client."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", choices=sorted(CLIENTS), action="append", help="default: all of them")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--json", type=Path, help="also write all results to this file")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    for client in options.client or CLIENTS:
        found = run(client, options.only)
        results += found
        versions = sorted({result["server_version"] for result in found}, reverse=True)
        passed = sum(result["passed"] for result in found)
        print(f"{CLIENTS[client]}: {passed} of {len(found)} scenarios passed, server versions {versions}", flush=True)
        for result in found:
            if not result["passed"]:
                print(f"FAILED {client} {result['server_version']} {result['scenario']}\n{result['detail']}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0 if results and all(result["passed"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
