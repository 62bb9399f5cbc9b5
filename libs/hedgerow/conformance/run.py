"""Runs the scenarios with one client library and prints a JSON line for each; needs nothing but that library."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import traceback
from collections.abc import Callable, Sequence

from hedgerow.conformance.client import Client
from hedgerow.conformance.gateway import GatewayHost
from hedgerow.conformance.scenario import Scenario
from hedgerow.conformance.scenarios import SCENARIOS
from hedgerow.conformance.world import World

# The versions each library negotiates with a new gateway, and the oldest one that must work too.
VERSIONS = {"ib_insync": (176, 157), "ib_async": (178, 157), "ibapi": (157,)}


def client_factory(library: str) -> Callable[[], Client]:
    """Makes clients of that library, which must be installed here."""
    if library == "ibapi":
        from hedgerow.conformance.ibapi_client import IbapiClient  # noqa: PLC0415 (only one library is installed)

        return IbapiClient
    from hedgerow.conformance.asyncio_client import AsyncioClient  # noqa: PLC0415

    return lambda: AsyncioClient(library)


def run_one(scenario: Scenario, library: str, version: int, host: GatewayHost) -> dict[str, object]:
    """Run one scenario: {scenario, client, server_version, passed, detail, seconds}."""
    began = time.monotonic()
    world = World(host, client_factory(library), library, version)
    passed, detail = True, ""
    try:
        scenario.run(world)
        detail = "\n".join([scenario.detail, *world.seen])
    except Exception:  # noqa: BLE001 (a runner reports whatever a scenario raises and goes on)
        passed, detail = False, scenario.detail + "\n" + traceback.format_exc(limit=-4)
    finally:
        world.close()
    return {
        "scenario": scenario.name, "client": library, "server_version": version, "passed": passed, "detail": detail,
        "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; exit code 1 when a scenario fails, 2 when none is selected."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client", required=True, choices=sorted(VERSIONS))
    parser.add_argument("--server-python", default=sys.executable, help="a Python that has Hedgerow")
    parser.add_argument("--server-version", type=int, help="only this one; default: the newest and 157")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--list", action="store_true", help="print the scenarios and run none")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)  # the libraries log every error the scenarios provoke
    chosen = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    if options.list:
        for scenario in chosen:
            print(json.dumps({"scenario": scenario.name, "detail": scenario.detail}))
        return 0
    failed = False
    host = GatewayHost(options.server_python)
    try:
        for version in (options.server_version,) if options.server_version else VERSIONS[options.client]:
            for scenario in chosen:
                result = run_one(scenario, options.client, version, host)
                failed = failed or not result["passed"]
                print(json.dumps(result), flush=True)
    finally:
        host.close()
    return 1 if failed else 0 if chosen else 2
