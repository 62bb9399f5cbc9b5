"""Runs the conformance scenarios with one client library: `python run.py --client ib_async`.

Run it with the Python of an environment that has that library; `--server-python` is one that has
Hedgerow. One line per scenario, exit code 1 when one fails; `--json` prints a list of
{scenario, client, server_version, passed, detail} instead.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance.client import Client
from tests.conformance.gateway import Gateway
from tests.conformance.scenarios import SCENARIOS, Scenario
from tests.conformance.world import World

# The versions each library negotiates with a new gateway, and the old one that must work too.
VERSIONS = {"ib_insync": (176, 157), "ib_async": (178, 157), "ibapi": (157,)}


def client_factory(library: str) -> Callable[[], Client]:
    """Makes clients of that library, which must be installed here."""
    if library == "ibapi":
        from tests.conformance.ibapi_client import IbapiClient

        return IbapiClient
    from tests.conformance.asyncio_client import AsyncioClient

    return lambda: AsyncioClient(library)


def run_one(scenario: Scenario, library: str, version: int, server_python: str) -> str:
    """Run one scenario; empty when it passed, else why it failed."""
    world = World(partial(Gateway, server_python), client_factory(library), version)
    try:
        scenario(world)
    except Exception:  # noqa: BLE001 (a runner reports whatever a scenario raises and goes on)
        return traceback.format_exc(limit=-4)
    finally:
        world.close()
    return ""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", required=True, choices=sorted(VERSIONS))
    parser.add_argument("--server-python", default=sys.executable)
    parser.add_argument("--server-version", type=int, help="only this one; default: the newest and 157")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # the libraries log every error the scenarios provoke
    versions = (options.server_version,) if options.server_version else VERSIONS[options.client]
    results: list[dict[str, Any]] = []
    for version in versions:
        for scenario in SCENARIOS:
            if options.only not in scenario.__name__:
                continue
            began = time.monotonic()
            detail = run_one(scenario, options.client, version, options.server_python)
            results.append(
                {
                    "scenario": scenario.__name__, "client": options.client, "server_version": version,
                    "passed": not detail, "detail": detail or (scenario.__doc__ or "").strip(),
                }
            )  # fmt: skip
            if not options.json:
                verdict = "FAILED" if detail else "ok"
                spent = time.monotonic() - began
                print(f"{options.client} {version} {scenario.__name__} {verdict} {spent:.1f} s", flush=True)
                if detail:
                    print(detail)
    if options.json:
        print(json.dumps(results, indent=1))
    failed = [result for result in results if not result["passed"]]
    if not options.json:
        print(f"{options.client}: {len(results) - len(failed)} of {len(results)} passed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
