"""A recording proxy: bytes pass between client and gateway untouched, and every frame is written to a wire log."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hedgerow.conformance.redact import Redaction
from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.codec import PREFIX, FrameBuffer, MalformedFrame, raw_frame
from hedgerow.ibsim.wirelog import UNKNOWN_CLIENT, WireLog

_CHUNK = 1 << 16
_START_API = b"71"


class Recorder:
    """Listens on a loopback port and passes every connection on to the upstream gateway."""

    def __init__(self, host: str, upstream_port: int, out: Path, *, redact: bool = True) -> None:
        """Raises InvalidValue when the file cannot be written or already holds something."""
        if out.exists() and out.stat().st_size:
            raise InvalidValue("--out", str(out), "a new file: connections are counted from 1 in each recording")
        self._upstream = host, upstream_port
        self._log = WireLog(out)
        out.chmod(0o600)  # orders and positions of a person
        self._redaction: Callable[[bytes], bytes] = Redaction() if redact else bytes
        self._numbers = itertools.count(1)
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.counts: Counter[str] = Counter()
        """Connections, frames in and out, and what went wrong, so far."""

    async def start(self, port: int) -> None:
        """Listen; `port` 0 takes any. Raises InvalidValue when it is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        except OSError as error:
            raise InvalidValue("--port", port, f"a free port ({error.strerror})") from error
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End every connection and close the file."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._log.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._relay(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_gateway, to_gateway = await asyncio.open_connection(*self._upstream)
        except OSError as error:
            self.counts[f"upstream refused: {error.strerror or error}"] += 1
            return
        tap = _Tap(self._log, self._redaction, next(self._numbers), self.counts)
        self.counts["connections"] += 1
        try:
            await asyncio.gather(
                _pass_on(reader, to_gateway, tap.from_client), _pass_on(from_gateway, writer, tap.from_gateway)
            )
        finally:
            to_gateway.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tapped: Callable[[bytes], None]) -> None:
    """Every byte of one direction, as it came; then its end, or its reset."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            tapped(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        # the reset goes on to the other side; whoever waits there must not wait for ever
        with contextlib.suppress(OSError):
            writer.transport.abort()


class _Tap:
    """What one connection's bytes say, frame by frame, for the log alone."""

    def __init__(self, log: WireLog, redaction: Callable[[bytes], bytes], number: int, counts: Counter[str]) -> None:
        self._log, self._redaction, self._number, self._counts = log, redaction, number, counts
        self._client_id = UNKNOWN_CLIENT
        self._prefix = b""
        self._requests: FrameBuffer | None = FrameBuffer()
        self._replies: FrameBuffer | None = FrameBuffer()

    def from_client(self, data: bytes) -> None:
        """Bytes of the client; its first four are no frame."""
        missing = len(PREFIX) - len(self._prefix)
        if missing:
            self._prefix, data = self._prefix + data[:missing], data[missing:]
        if self._requests is None:
            return
        try:
            payloads = self._requests.feed(data)
        except MalformedFrame:
            self._requests = None  # from here on it is passed on unrecorded
            self._counts["directions that are no frames"] += 1
            return
        for payload in payloads:
            fields = payload.split(b"\0", 3)
            if fields[0] == _START_API and len(fields) > 2 and fields[2].isdigit():
                self._client_id = int(fields[2])
            self._counts["frames from the client"] += 1
            self._log.incoming(self._number, self._client_id, self._redaction(payload))

    def from_gateway(self, data: bytes) -> None:
        """Bytes of the gateway."""
        if self._replies is None:
            return
        try:
            payloads = self._replies.feed(data)
        except MalformedFrame:
            self._replies = None
            self._counts["directions that are no frames"] += 1
            return
        if payloads:
            self._counts["frames from the gateway"] += len(payloads)
            frames = [raw_frame(self._redaction(payload)) for payload in payloads]
            self._log.outgoing(self._number, self._client_id, frames)


def run(
    host: str, upstream_port: int, port: int, out: Path, *, redact: bool, listening: Callable[[str], object]
) -> Counter[str]:
    """Record until SIGTERM or SIGINT; what was counted. `listening` is told where to connect."""

    async def serve() -> Counter[str]:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        recorder = Recorder(host, upstream_port, out, redact=redact)
        try:
            await recorder.start(port)
            listening(
                f"recording {host}:{upstream_port} into {out}; connect to 127.0.0.1:{recorder.port}, Ctrl-C ends it"
            )
            await stopping.wait()
        finally:
            await recorder.stop()
        return recorder.counts

    return asyncio.run(serve())
