"""The simulated gateway as a process: `python -m hedgerow.ibsim.main --config FILE.json`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from hedgerow.domain.errors import HedgerowError
from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.metrics import measure
from hedgerow.ibsim.parent import die_with
from hedgerow.ibsim.server import IbsimServer
from hedgerow.telemetry.logs import configure_logs
from hedgerow.telemetry.metrics import serve_metrics


async def _serve(config: IbsimConfig, listening: Callable[[IbsimServer], None]) -> None:
    # The port first: nothing is touched when it is taken.
    metrics = serve_metrics(config.metrics_port, config.host) if config.metrics_port else None
    server = IbsimServer(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stopping.set)
    await server.start()
    measure(server.simulation)
    listening(server)
    try:
        await server.stopping.wait()
    finally:
        await server.stop()
        if metrics is not None:
            metrics.close()
    server.raise_if_failed()


def tell_ports(server: IbsimServer) -> None:
    """One line for whoever started this with port 0."""
    print(json.dumps({"listening": server.port, "admin": server.admin_port}), flush=True)


def run(config: IbsimConfig, listening: Callable[[IbsimServer], None] = tell_ports) -> None:
    """Serve until SIGTERM, SIGINT or the admin command `shutdown`; `listening` is called once it serves.

    Raises HedgerowError when it cannot start.
    """
    try:
        import uvloop  # noqa: PLC0415 (absent on platforms it does not support)
    except ImportError:
        asyncio.run(_serve(config, listening))
    else:
        uvloop.run(_serve(config, listening))


def main(arguments: list[str] | None = None) -> int:
    """The command line of the process; the exit code."""
    parser = argparse.ArgumentParser(prog="hedgerow.ibsim.main", description=__doc__)
    parser.add_argument("--config", type=Path, help="JSON file of IbsimConfig; default: a synthetic market")
    parser.add_argument("--parent", type=int, help="end when this process, our parent, does")
    options = parser.parse_args(arguments)
    configure_logs("ibsim", None, echo=True)
    try:
        if options.parent is not None:
            die_with(options.parent)
        run(IbsimConfig.from_file(options.config) if options.config else IbsimConfig(autostart=True))
    except HedgerowError as error:
        print(f"ibsim: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    exit_code = main()
    sys.stdout.flush()
    # Everything is saved; taking the interpreter apart would only make a supervisor wait.
    os._exit(exit_code)
