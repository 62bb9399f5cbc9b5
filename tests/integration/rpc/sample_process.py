"""A process as services are: `python sample_process.py --state DIR`, behaving as SAMPLE in its environment says."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

from hedgerow.domain.errors import FailedPrecondition
from hedgerow.rpc.process import ProcessContext, run_process


async def compose(context: ProcessContext) -> None:
    """Serves; or refuses, crashes, ignores the stop, or blocks the loop."""
    how = os.environ.get("SAMPLE", "")
    server = context.server()
    if how == "refuse":
        raise FailedPrecondition("broker: account DU1 does not match mode sim")
    if how == "crash":
        raise KeyError("no such thing")
    if how == "late":
        server.on_serving(lambda _: context.stop.set())
        await server.serve()
        raise FailedPrecondition("journal lost")
    if how == "stubborn":
        await server.start()
        await asyncio.Event().wait()
    if how == "stuck":
        await server.start()
        await context.stop.wait()
        while True:
            time.sleep(1)  # noqa: ASYNC251 a loop that never comes back is the case under test
    await server.serve()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    sys.exit(run_process("risk", compose))
