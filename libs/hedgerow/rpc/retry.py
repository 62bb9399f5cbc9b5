"""A server stream that is opened again whenever it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import grpc
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from hedgerow.rpc.errors import TRANSIENT, canceled_itself, domain_error, rpc_reason

M = TypeVar("M")

ENDED, SILENT = "STREAM_ENDED", "STREAM_SILENT"


class StreamBroken(ConnectionError):
    """A stream ended, failed or fell silent; `reason` is UPPER_SNAKE."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


async def reconnecting(
    open_call: Callable[[], Any],
    *,
    name: str,
    silence_s: float = 0.0,
    on_down: Callable[[str], None] | None = None,
    longest_wait_s: float = 2.0,
) -> AsyncGenerator[Any, None]:
    """Messages of a stream (unary-stream or bidirectional), opened again for ever until the reader leaves.

    `open_call()` makes the call, anew each time: put the newest start_sequence in there. Waits between
    attempts are random and grow to `longest_wait_s`, and start small again after any message.
    `silence_s` without a message (heartbeats count) is a broken stream; 0 = wait for ever.
    `on_down(reason)` runs on every break and failed attempt. A refusal that trying again cannot mend
    (INVALID_ARGUMENT, NOT_FOUND, UNIMPLEMENTED and so on) raises its domain error, which names `name`.
    """

    def down(reason: str) -> None:
        if on_down is not None:
            on_down(reason)

    while True:
        call = None
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(StreamBroken),
                wait=wait_random_exponential(multiplier=0.1, max=longest_wait_s),
                before_sleep=lambda state: down(_reason(state.outcome.exception() if state.outcome else None)),
            ):
                with attempt:
                    _leave(call)
                    call = open_call()
                    message = await _next(call, name, silence_s)
            while True:
                yield message
                message = await _next(call, name, silence_s)
        except StreamBroken as error:
            down(error.reason)
        finally:
            _leave(call)


async def _next(call: Any, name: str, silence_s: float) -> Any:
    """The next message; raises StreamBroken when trying again can help, else the domain error."""
    silent = False

    def fell_silent() -> None:
        nonlocal silent
        silent = True
        call.cancel()

    # a bare timer: asyncio.timeout is three objects and a task's bookkeeping for every message
    timer = asyncio.get_running_loop().call_later(silence_s, fell_silent) if silence_s else None
    try:
        message = await call.read()
    except asyncio.CancelledError as error:
        if canceled_itself():
            raise
        raise StreamBroken(SILENT if silent else ENDED) from error
    except grpc.aio.AioRpcError as error:
        if error.code() in TRANSIENT:
            raise StreamBroken(rpc_reason(error)) from error
        raise domain_error(error, name) from error
    finally:
        if timer is not None:
            timer.cancel()
    if silent:
        raise StreamBroken(SILENT)
    if message is grpc.aio.EOF:
        raise StreamBroken(ENDED)
    return message


def _leave(call: Any) -> None:
    """Cancels a call that is no longer read."""
    if call is not None:
        call.cancel()


def _reason(error: BaseException | None) -> str:
    return error.reason if isinstance(error, StreamBroken) else ENDED
