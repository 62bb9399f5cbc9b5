"""Starts the egress guard: the only place its parts are wired."""

from __future__ import annotations

import asyncio
import sys
from functools import partial

from hedgerow.api.guard.v1 import guard_pb2_grpc
from hedgerow.domain.errors import InvalidValue
from hedgerow.guard.budget import RateBudget
from hedgerow.guard.frame_log import FrameLog
from hedgerow.guard.gate import Gate
from hedgerow.guard.proxy import ClientSide
from hedgerow.guard.server import SERVICE_NAME, GuardServer
from hedgerow.rpc.process import ProcessContext, run_process

ROLE = "guard"


async def compose(context: ProcessContext) -> None:
    """Reads its log, then stands before the gateway until stopped."""
    guard, broker = context.settings.guard, context.settings.broker
    loop = asyncio.get_running_loop()
    log = FrameLog(context.state.root / "guard" / "frames.log", guard.log_timeout_s)
    proxy = None
    try:
        ids = frozenset({broker.client_ids.execution, broker.client_ids.kill})
        gate = Gate(log, ids, RateBudget(guard.messages_per_second, guard.kept_for_cancels))
        dial = partial(loop.create_connection, host=broker.host, port=broker.port)
        server = context.server()
        server.add_service(SERVICE_NAME, guard_pb2_grpc.add_GuardServiceServicer_to_server, GuardServer(gate))
        try:
            proxy = await loop.create_server(lambda: ClientSide(gate, dial), guard.host, guard.port)
        except OSError as error:
            raise InvalidValue("guard.port", guard.port, f"a free port on {guard.host} ({error.strerror})") from error
        ledger = log.ledger
        context.log.info(
            "frame log read", log_id=ledger.log_id, records=ledger.sequence, epochs=ledger.highest,
            latches=list(ledger.latches), port=guard.port, gateway=f"{broker.host}:{broker.port}",
        )  # fmt: skip
        await server.serve()
    finally:
        if proxy is not None:
            proxy.close()
        log.close()


def main(argv: list[str] | None = None) -> int:
    """Runs the process; returns its exit code."""
    return run_process(ROLE, compose, argv)


if __name__ == "__main__":
    sys.exit(main())
