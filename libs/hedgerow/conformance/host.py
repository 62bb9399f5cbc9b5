"""Many simulated gateways in one process: `start FILE` and `stop ADMIN_PORT` as lines on stdin, JSON lines on stdout.

This module runs with Hedgerow's own Python. It ends when its stdin closes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from hedgerow.domain.errors import HedgerowError
from hedgerow.ibsim.config import IbsimConfig
from hedgerow.ibsim.parent import die_with
from hedgerow.ibsim.server import IbsimServer
from hedgerow.telemetry.logs import configure_logs


class Host:
    """The gateways that run now, by admin port."""

    def __init__(self) -> None:
        self._servers: dict[int, IbsimServer] = {}

    async def start(self, config_file: Path) -> dict[str, int]:
        """Start the gateway of this configuration file; its ports. Raises HedgerowError."""
        server = IbsimServer(IbsimConfig.from_file(config_file))
        await server.start()
        self._servers[server.admin_port] = server
        return {"listening": server.port, "admin": server.admin_port}

    async def stop(self, admin_port: int) -> dict[str, int]:
        """Stop that gateway and save its book."""
        await self._servers.pop(admin_port).stop()
        return {"stopped": admin_port}

    async def close(self) -> None:
        """Stop them all."""
        for admin_port in list(self._servers):
            await self.stop(admin_port)


async def _answer(host: Host, line: str) -> dict[str, object]:
    command, _, argument = line.strip().partition(" ")
    try:
        if command == "start":
            return {**await host.start(Path(argument))}
        return {**await host.stop(int(argument))}
    except HedgerowError as error:
        return {"error": str(error)}


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    host = Host()
    try:
        while line := await reader.readline():
            print(json.dumps(await _answer(host, line.decode())), flush=True)
    finally:
        await host.close()


def main() -> None:
    """The process: `python -m hedgerow.conformance.host --parent PID`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    die_with(parser.parse_args().parent)
    configure_logs("ibsim", None, echo=True)
    asyncio.run(_serve())


if __name__ == "__main__":
    main()
