"""The recording proxy: transparent to the byte, consistent pseudonyms, and what is compared afterwards."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hedgerow.cli import ibsim
from hedgerow.cli.ports import free_ports
from hedgerow.conformance.compare import compare
from hedgerow.conformance.environments import installed
from hedgerow.conformance.gateway import Gateway, GatewayHost
from hedgerow.conformance.record import Recorder
from hedgerow.conformance.redact import Redaction
from hedgerow.conformance.run import VERSIONS, client_factory
from hedgerow.conformance.scenarios.orders import market_order_fills
from hedgerow.conformance.world import CALL, World
from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.wirelog import Direction, WireLog, WireRecord, read_wire_log

CLIENT = installed()[0]
ACCOUNT, PSEUDONYM = "SIM7654321", "SIM0000001"


@asynccontextmanager
async def _listening(recorder: Recorder):  # type: ignore[no-untyped-def]
    await recorder.start(0)
    try:
        yield recorder
    finally:
        await recorder.stop()


@contextmanager
def _on_a_thread(recorder: Recorder) -> Iterator[Recorder]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(recorder.start(0), loop).result(10)
        yield recorder
    finally:
        asyncio.run_coroutine_threadsafe(recorder.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Behind(World):
    """A world whose clients reach the gateway through the recorder."""

    def __init__(self, host: GatewayHost, version: int, out: Path, *, redact: bool) -> None:
        super().__init__(host, client_factory(CLIENT), CLIENT, version)
        self._out, self._redact = out, redact
        self.upstream: Gateway | None = None
        self.recorder: Recorder | None = None

    def record(self, scenario) -> list[WireRecord]:  # type: ignore[no-untyped-def]
        """Run it through a recorder; what its gateway logged itself."""
        gateway = self.upstream = super().gateway(account=ACCOUNT)
        with _on_a_thread(Recorder("127.0.0.1", gateway.port, self._out, redact=self._redact)) as self.recorder:
            scenario(self)
            self.close_clients()
        return list(read_wire_log(gateway.wire_log))

    def gateway(self, **_: object) -> Gateway:  # type: ignore[override]
        assert self.upstream is not None
        assert self.recorder is not None
        self.upstream.port = self.recorder.port
        return self.upstream

    def close_clients(self) -> None:
        for client in self._clients:
            client.disconnect()


def _details_and_quotes(world: World) -> None:
    market_order_fills(world)
    client = world.connect(world.gateway(), 11)
    handle = client.subscribe(CALL)
    client.wait(lambda: client.quote(handle).delta is not None, "greeks")
    client.snapshot(CALL)
    client.completed_orders()
    client.account_summary()


@pytest.fixture(scope="module")
def host() -> Iterator[GatewayHost]:
    host = GatewayHost(sys.executable)
    yield host
    host.close()


@pytest.fixture(scope="module")
def recorded(host: GatewayHost, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[WireRecord]]:
    """A recording with account ids replaced, and what the gateway logged of the same session."""
    out = tmp_path_factory.mktemp("record") / "redacted.wire"
    world = _Behind(host, VERSIONS[CLIENT][0], out, redact=True)
    try:
        return out, world.record(_details_and_quotes)
    finally:
        world.close()


def _crossed(records: list[WireRecord]) -> dict[tuple[int, Direction], list[bytes]]:
    found: dict[tuple[int, Direction], list[bytes]] = {}
    for record in records:
        found.setdefault((record.connection_id, record.direction), []).append(record.payload)
    return found


def test_every_frame_is_recorded_as_the_gateway_saw_it(host: GatewayHost, tmp_path: Path) -> None:
    world = _Behind(host, VERSIONS[CLIENT][1], tmp_path / "plain.wire", redact=False)
    try:
        own = world.record(market_order_fills)
    finally:
        world.close()
    recorded = list(read_wire_log(tmp_path / "plain.wire"))
    assert _crossed(recorded) == _crossed(own)
    assert {record.client_id for record in recorded if record.message_id == 3} == {10}


def test_account_ids_are_replaced_and_nothing_else(recorded: tuple[Path, list[WireRecord]]) -> None:
    path, own = recorded
    assert path.stat().st_mode & 0o077 == 0
    assert ACCOUNT.encode() not in path.read_bytes()
    expected = {
        way: [payload.replace(ACCOUNT.encode(), PSEUDONYM.encode()) for payload in payloads]
        for way, payloads in _crossed(own).items()
    }
    assert _crossed(list(read_wire_log(path))) == expected
    assert any(PSEUDONYM.encode() in payload for payload in expected[1, Direction.IN])


def test_pseudonyms_are_consistent_and_of_the_same_length() -> None:
    redact = Redaction()
    told = redact(b"15\x001\x00DU7654321,U1234567,fund-a\x00")
    assert told == b"15\x001\x00DU0000001,U0000002,fund03\x00"
    names = told.split(b"\0")[2].split(b",")
    again = redact(b"6\x002\x00NetLiquidation\x001.0\x00USD\x00DU7654321\x00")
    assert again.split(b"\0")[5] == names[0]
    assert redact(b"3\x00fund-a\x00U1234567\x00xDU7654321y\x00") == b"3\x00" + names[2] + b"\x00" + names[1] + (
        b"\x00xDU7654321y\x00"
    )
    for secret in (b"7654321", b"1234567"):
        assert secret not in told + again


async def test_bytes_that_are_no_frames_pass_untouched(tmp_path: Path) -> None:
    noise = random.Random(7)
    sent = [noise.randbytes(noise.randrange(1, 5000)) for _ in range(50)]
    answers = [noise.randbytes(noise.randrange(1, 5000)) for _ in range(50)]
    got = bytearray()

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(answers))
        while data := await reader.read(1 << 16):
            got.extend(data)
        writer.close()

    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with _listening(Recorder("127.0.0.1", port, tmp_path / "noise.wire")) as recorder:
        reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
        for piece in sent:
            writer.write(piece)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(-1), 10) == b"".join(answers)
        assert bytes(got) == b"".join(sent)
        writer.close()
    server.close()


async def test_an_absent_gateway_closes_the_client(tmp_path: Path) -> None:
    [nobody] = free_ports(1)
    async with _listening(Recorder("127.0.0.1", nobody, tmp_path / "absent.wire")) as recorder:
        reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
        assert await asyncio.wait_for(reader.read(-1), 10) == b""
        writer.close()
        assert [what for what in recorder.counts if what.startswith("upstream refused")]


def test_a_recording_is_never_continued(tmp_path: Path) -> None:
    (tmp_path / "old.wire").write_bytes(b"something")
    with pytest.raises(InvalidValue, match="a new file"):
        Recorder("127.0.0.1", 1, tmp_path / "old.wire")


def test_the_simulated_gateway_agrees_with_itself(recorded: tuple[Path, list[WireRecord]]) -> None:
    rows = compare(recorded[0])
    assert {"openOrder", "execDetails", "contractDetails", "tickOptionComputation"} <= {row.message for row in rows}
    assert [str(row) for row in rows if not row.agrees] == []
    assert all(row.agrees for row in compare(recorded[0], recorded[0]))


def test_another_layout_is_told(recorded: tuple[Path, list[WireRecord]], tmp_path: Path) -> None:
    """A gateway that sends one field more in a position, an order 'None', an unknown kind and an unknown code."""
    log = WireLog(tmp_path / "other.wire")
    for record in read_wire_log(recorded[0]):
        payload = record.payload
        if record.direction is Direction.IN:
            log.incoming(record.connection_id, record.client_id, payload)
            continue
        if record.message_id == 61:
            payload += b"more\0"
        log.outgoing(record.connection_id, record.client_id, [len(payload).to_bytes(4, "big") + payload])
    for extra in (b"999\x001\x00", b"4\x002\x00-1\x0077777\x00who knows\x00\x00"):
        log.outgoing(1, 10, [len(extra).to_bytes(4, "big") + extra])
    log.close()
    rows = compare(tmp_path / "other.wire")
    assert {row.message_id for row in rows if not row.agrees} == {61, 999}
    [error] = [row for row in rows if row.message.startswith("error")]
    assert "77777" in error.message


def test_the_command_records_and_compares(host: GatewayHost, tmp_path: Path) -> None:
    hedgerow = [sys.executable, "-m", "hedgerow.cli"]
    world = World(host, client_factory(CLIENT), CLIENT, VERSIONS[CLIENT][0])
    gateway = world.gateway()
    [port] = free_ports(1)
    out = tmp_path / "cli.wire"
    arguments = ["--upstream", f"127.0.0.1:{gateway.port}", "--port", str(port), "--out", str(out)]
    with subprocess.Popen([*hedgerow, "ibsim", "record", *arguments], stderr=subprocess.PIPE, text=True) as recording:
        assert recording.stderr is not None
        assert "connect to" in recording.stderr.readline()
        gateway.port = port
        client = world.connect(gateway)
        assert client.current_time() > 0
        world.close()
        recording.send_signal(signal.SIGINT)
        told = recording.stderr.read()
    assert recording.returncode == 0, told
    assert "connections: 1" in told
    done = subprocess.run([*hedgerow, "conformance", "compare", str(out)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "currentTime" in done.stdout
    bad = subprocess.run([*hedgerow, "conformance", "compare", __file__], capture_output=True, text=True)
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1), bad.stderr


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["--port", "4002"], "--port"),  # the gateway itself, without a subcommand
        (["record", "--upstream", "nowhere", "--out", "x"], "--upstream"),
        (["record", "--upstream", "127.0.0.1:4002", "--out", "x", "--port", "4002"], "--port"),
    ],
)
def test_bad_input_names_the_option(arguments: list[str], key: str) -> None:
    done = CliRunner().invoke(ibsim.app, arguments)
    assert isinstance(done.exception, InvalidValue)
    assert done.exception.key == key
