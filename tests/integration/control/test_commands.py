"""Commands over real sockets: durable before answered, once per id, streamed from the store whoever wrote it."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

import grpc
import pytest

from hedgerow.api.control.v1 import control_pb2
from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.domain.command import CommandKind, NewCommand
from hedgerow.rpc.errors import error_info
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.answers import acknowledgement
from hedgerow.store.commands import list_commands, pending_commands, write_command
from hedgerow.store.engine import open_store
from hedgerow.store.read import read_operations
from hedgerow.store.status_sink import SNAPSHOT_KEYS, open_status_sink
from hedgerow.store.writer import AsyncWriter
from tests.integration.control.conftest import Daemon, stub_of
from tests.integration.service_process import ServiceProcess, until

STOP, PAUSE = control_pb2.COMMAND_KIND_STOP, control_pb2.COMMAND_KIND_PAUSE
REFRESH, RETRY = control_pb2.COMMAND_KIND_REFRESH_ACCOUNTS, control_pb2.COMMAND_KIND_RETRY_IB
FLATTEN = control_pb2.COMMAND_KIND_FLATTEN


def ask(command_id: str, kind: int = STOP, strategy: str = "goog", **more: str) -> control_pb2.SendCommandRequest:
    request = control_pb2.SendCommandRequest(command_id=command_id, strategy=strategy, **more)
    request.kind = kind  # type: ignore[assignment]
    return request


async def send(control: ServiceProcess, request: control_pb2.SendCommandRequest) -> control_pb2.Command:
    command: control_pb2.Command = (await stub_of(control).SendCommand(request, timeout=10)).command
    return command


async def refusal(call: Any) -> tuple[str, str]:
    """Status code and the key it names (or its reason)."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    info = error_info(refused.value)
    assert info is not None
    return refused.value.code().name, info.metadata.get("key", info.reason)


async def test_an_answered_command_survives_kill_9_and_is_the_same_afterwards(
    state: StateDir, control: ServiceProcess
) -> None:
    first = await send(control, ask("c1", actor="anna", reason="enough", run_id="r7"))
    await control.stop(signal.SIGKILL)
    (stored,) = pending_commands(state.store_dir, "goog", "r7")
    assert (stored.command_id, stored.kind, stored.actor) == ("c1", CommandKind.STOP, "anna")
    (operation,) = read_operations(state.store_dir, type="COMMAND").rows
    assert (operation["strategy"], operation["state"], operation["reason"]) == ("goog", "STOP", "enough")
    await control.start()
    assert await send(control, ask("c1", actor="anna", reason="enough", run_id="r7")) == first
    assert not first.HasField("acknowledge_time")
    assert (first.sequence, first.create_time.seconds > 1_600_000_000) == (1, True)
    assert await refusal(send(control, ask("c1", kind=PAUSE, actor="anna", reason="enough", run_id="r7"))) == (
        "ALREADY_EXISTS", "ALREADY_EXISTS",
    )  # fmt: skip
    assert len(list_commands(state.store_dir)) == 1


async def test_racing_clients_with_one_id_record_one_command(state: StateDir, control: ServiceProcess) -> None:
    answers = await asyncio.gather(*(send(control, ask("same", kind=PAUSE)) for _ in range(32)))
    assert all(answer == answers[0] for answer in answers)
    assert len(list_commands(state.store_dir)) == len(read_operations(state.store_dir).rows) == 1


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (ask(""), "command_id"),
        (ask("x" * 65), "command_id"),
        (ask("c", kind=0), "kind"),
        (ask("c", kind=99), "kind"),
        (ask("c", kind=control_pb2.COMMAND_KIND_RETRY_IB, strategy="twx"), "strategy"),
        (ask("c", kind=FLATTEN, strategy=""), "strategy"),
        (ask("c", strategy="twx"), "strategy"),
        (ask("c", strategy=""), "strategy"),
        (ask("c", kind=REFRESH, strategy="twx"), "strategy"),
        (ask("c", reason="x" * 501), "reason"),
        (ask("c", account="SIM1"), "account"),
        (ask("c", kind=control_pb2.COMMAND_KIND_KILL, strategy="twx"), "strategy"),
        (ask("c", actor="x" * 65), "actor"),
    ],
)
async def test_a_bad_command_is_refused_by_field_and_not_recorded(
    state: StateDir, control: ServiceProcess, request_: control_pb2.SendCommandRequest, key: str
) -> None:
    assert await refusal(send(control, request_)) == ("INVALID_ARGUMENT", key)
    assert list_commands(state.store_dir) == []


class Watch:
    """One WatchCommands call."""

    def __init__(self, control: ServiceProcess, start_sequence: int = 0, strategy: str = "goog") -> None:
        self._call: Any = stub_of(control).WatchCommands(
            control_pb2.WatchCommandsRequest(strategy=strategy, start_sequence=start_sequence)
        )
        self.heartbeats = 0

    async def next(self) -> control_pb2.WatchCommandsResponse:
        """The next message that is no heartbeat."""
        async with asyncio.timeout(10):
            while True:
                message: control_pb2.WatchCommandsResponse = await self._call.read()
                if message.WhichOneof("event") != "heartbeat":
                    return message
                self.heartbeats += 1

    async def ids(self, count: int) -> list[str]:
        """Ids of the next commands."""
        return [(await self.next()).command.command_id for _ in range(count)]

    def close(self) -> None:
        self._call.cancel()


async def test_a_watcher_gets_the_backlog_then_what_comes_and_resumes(state: StateDir, control: ServiceProcess) -> None:
    for number in range(3):
        await send(control, ask(f"c{number}", kind=PAUSE))
    watch, resumed = Watch(control), Watch(control, start_sequence=2)
    assert await watch.ids(3) == ["c0", "c1", "c2"]
    assert await resumed.ids(1) == ["c2"]
    await send(control, ask("live"))
    message = await watch.next()
    assert (message.command.command_id, message.command.kind, message.command.sequence) == ("live", STOP, 4)
    assert await resumed.ids(1) == ["live"]
    assert watch.heartbeats >= 1
    # Written straight into the store, as the command line does when it cannot reach control.
    beside = NewCommand("beside", CommandKind.STOP, "goog")
    write_command(state.store_dir, beside, wall_ns=time.time_ns(), market_ns=0)
    assert await watch.ids(1) == await resumed.ids(1) == ["beside"]
    assert await control.stop() == 0
    assert (await watch.next()).closing.reason == "DRAINING"


async def test_what_was_written_while_control_was_down_is_served(state: StateDir, control: ServiceProcess) -> None:
    await control.stop()
    for number in range(2):
        everyone = NewCommand(f"down{number}", CommandKind.STOP, "" if number else "goog")
        write_command(state.store_dir, everyone, wall_ns=time.time_ns(), market_ns=0)
    await control.start()
    assert await Watch(control).ids(2) == ["down0", "down1"]
    assert await Watch(control, start_sequence=999).ids(2) == ["down0", "down1"]  # a store begun anew hides no stop


async def test_a_watcher_of_no_strategy_gets_every_strategys_commands(state: StateDir, control: ServiceProcess) -> None:
    everyone = NewCommand("all", CommandKind.STOP, "")
    write_command(state.store_dir, everyone, wall_ns=time.time_ns(), market_ns=0)
    other = NewCommand("other", CommandKind.STOP, "twx")
    write_command(state.store_dir, other, wall_ns=time.time_ns(), market_ns=0)
    watch = Watch(control, strategy="")
    assert await watch.ids(2) == ["all", "other"]
    await send(control, ask("goog"))
    assert await watch.ids(1) == ["goog"]


async def test_commands_are_listed_newest_first_with_what_came_of_them(
    state: StateDir, control: ServiceProcess
) -> None:
    for number in range(5):
        await send(control, ask(f"c{number}", kind=PAUSE))
    with open_store(state.store_dir, "strategy-goog") as store:
        writer = AsyncWriter(store)
        for command in list_commands(state.store_dir)[1:]:
            await writer.write([acknowledgement(command, "goog", "r1", wall_ns=7, outcome=f"done {command.sequence}")])
        await writer.close()
    stub, listed, token = stub_of(control), [], ""
    while True:
        request = control_pb2.ListCommandsRequest(strategy="goog", page_size=2, page_token=token)
        page = await stub.ListCommands(request)
        assert len(page.commands) <= 2
        listed += page.commands
        if not (token := page.next_page_token):
            break
    assert [(one.command_id, one.outcome) for one in listed] == [
        *((f"c{number}", f"done {number + 1}") for number in (4, 3, 2, 1)), ("c0", ""),
    ]  # fmt: skip
    pending = await stub.ListCommands(control_pb2.ListCommandsRequest(pending_only=True))
    assert [one.command_id for one in pending.commands] == ["c0"]
    found = (await stub.GetCommand(control_pb2.GetCommandRequest(command_id="c3"))).command
    assert (found.outcome, found.HasField("acknowledge_time")) == ("done 4", True)
    missing = stub.GetCommand(control_pb2.GetCommandRequest(command_id="no"))
    assert await refusal(missing) == ("NOT_FOUND", "NOT_FOUND")
    for bad in ({"page_size": -1}, {"page_size": 1001}, {"page_token": "x"}):
        key = next(iter(bad))
        assert await refusal(stub.ListCommands(control_pb2.ListCommandsRequest(**bad))) == ("INVALID_ARGUMENT", key)


async def test_history_is_served_with_no_daemon_alive(state: StateDir, control: ServiceProcess) -> None:
    with open_store(state.store_dir, "strategy-goog") as store:
        writer = AsyncWriter(store)
        sink = open_status_sink("", "goog", writer)
        for number in range(1, 6):
            snapshot = dict.fromkeys(SNAPSHOT_KEYS) | {"strategy": "goog", "ts": number, "status_lamp": "green"}
            await sink.write(snapshot | {"spot": 750.0 + number, "stock_position": -3.0}, history=True)
        await writer.close()
    stub = stub_of(control)
    every = await stub.ListHistory(control_pb2.ListHistoryRequest())
    assert every.strategy == "goog"
    assert [point.spot for point in every.points] == [751.0, 752.0, 753.0, 754.0, 755.0]
    assert (every.points[0].stock_position, every.points[0].HasField("net_delta")) == (-3.0, False)
    some = control_pb2.ListHistoryRequest(strategy="goog", page_size=2)
    some.since_time.nanos, some.until_time.nanos = 2, 5
    assert [point.create_time.nanos for point in (await stub.ListHistory(some)).points] == [3, 4]
    bad = control_pb2.ListHistoryRequest(page_size=10_001)
    assert await refusal(stub.ListHistory(bad)) == ("INVALID_ARGUMENT", "page_size")


async def test_a_kill_need_name_no_strategy_and_keeps_its_account(control: ServiceProcess, state: StateDir) -> None:
    asked = ask("k1", kind=control_pb2.COMMAND_KIND_KILL, strategy="", account="SIM1")
    assert (await send(control, asked)).account == "SIM1"
    [recorded] = list_commands(state.store_dir)
    assert (recorded.kind, recorded.strategy, dict(recorded.arguments)) == (CommandKind.KILL, "", {"account": "SIM1"})


async def test_a_stop_for_a_run_that_is_gone_says_so_and_any_other_stands(
    control: ServiceProcess, daemon: Daemon
) -> None:
    await daemon.say(state="RUNNING", run_id="r2")
    gone = await send(control, ask("old", run_id="r1"))
    assert gone.outcome == "gone: run r1 has ended; the last run of goog is r2"
    assert gone.HasField("acknowledge_time")
    assert await send(control, ask("old", run_id="r1")) == gone
    for name, run_id in (("live", "r2"), ("any", "")):
        stands = await send(control, ask(name, run_id=run_id))
        assert (stands.outcome, stands.HasField("acknowledge_time")) == ("", False)
    await daemon.say(state="STOPPED", run_id="r2")
    assert (await send(control, ask("late", run_id="r2"))).outcome.startswith("gone: run r2")
    assert (await send(control, ask("live", run_id="r2"))).outcome == ""  # what it was answered is the daemon's to say
    assert (await send(control, ask("next"))).outcome == ""  # addresses whichever run comes


async def test_neutral_is_computed_once_from_fresh_facts_and_only_reduces(
    state: StateDir, control: ServiceProcess, daemon: Daemon
) -> None:
    request = ask("n1", kind=FLATTEN)
    request.flatten.target = control_pb2.FLATTEN_TARGET_NEUTRAL
    assert await refusal(send(control, request)) == ("FAILED_PRECONDITION", "NOT_FRESH")
    await daemon.say(net_delta=-30.4, stock_position=-120.0)
    answers = await asyncio.gather(*(send(control, request) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    (recorded,) = list_commands(state.store_dir)
    assert (recorded.flatten.target_quantity, answers[0].flatten) == (-90, request.flatten)
    await daemon.say(net_delta=-50.0, stock_position=-120.0)
    assert await send(control, request) == answers[0]  # the target asked for stays
    other = ask("n2", kind=FLATTEN)
    other.flatten.CopyFrom(request.flatten)
    for facts in ({"net_delta": 40.0}, {"net_delta": -130.0}, {"net_delta": None}, {"age_s": 60.0, "net_delta": -30.0}):
        await daemon.say(**{"stock_position": -120.0, **facts})
        assert (await refusal(send(control, other)))[0] == "FAILED_PRECONDITION"
    assert len(list_commands(state.store_dir)) == 1


async def test_links_are_retried_once_per_id_and_each_says_how_it_is(control: ServiceProcess, state: StateDir) -> None:
    answers = await asyncio.gather(*(send(control, ask("retry", kind=RETRY, strategy="")) for _ in range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].outcome == (
        "done: market-data does not answer (UNAVAILABLE); execution does not answer (UNAVAILABLE); "
        "portfolio does not answer (UNAVAILABLE)"
    )
    texts = [row["text"] for row in read_operations(state.store_dir, type="COMMAND").rows]
    assert texts == [f"RETRY_IB: {answers[0].outcome} (retry)", "RETRY_IB asked by nobody named (retry)"]


async def test_watching_a_strategy_that_does_not_exist_is_refused(control: ServiceProcess) -> None:
    call: Any = stub_of(control).WatchCommands(control_pb2.WatchCommandsRequest(strategy="aig"))
    assert await refusal(call.read()) == ("INVALID_ARGUMENT", "strategy")


class Portfolio(portfolio_pb2_grpc.PortfolioServiceServicer):
    """Portfolio's refresh on a real socket."""

    def __init__(self) -> None:
        self.requests: list[str] = []

    async def RefreshAccounts(
        self, request: portfolio_pb2.RefreshAccountsRequest, context: Any
    ) -> portfolio_pb2.RefreshAccountsResponse:
        self.requests.append(request.operator.request_id)
        assert request.operator.actor
        assert request.operator.reason
        return portfolio_pb2.RefreshAccountsResponse(accounts=[portfolio_pb2.Account(account="SIM0000001")])


async def test_accounts_are_refreshed_through_portfolio_once_per_id(state: StateDir, control: ServiceProcess) -> None:
    request = ask("refresh", kind=REFRESH, strategy="")
    code, _ = await refusal(send(control, request))
    assert code == "UNAVAILABLE"  # portfolio is down; the same command may be sent again
    portfolio = Portfolio()
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    portfolio_pb2_grpc.add_PortfolioServiceServicer_to_server(portfolio, server)
    server.add_insecure_port(f"127.0.0.1:{Settings.read(state.settings_file).endpoints['portfolio'].port}")
    await server.start()
    try:

        async def answered() -> control_pb2.Command | None:
            try:
                return await send(control, request)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:  # the channel is about to reconnect
                    raise
                return None

        answer = await until(answered, "portfolio is asked")
        assert answer.outcome == "done: 1 account"
        assert answer.HasField("acknowledge_time")
        assert await send(control, request) == answer
        assert portfolio.requests == ["refresh"]
        await control.stop()
        (stored,) = list_commands(state.store_dir)
        assert (stored.outcome, stored.acked_ns > 0) == ("done: 1 account", True)
        await control.start()
        assert await send(control, request) == answer
        assert portfolio.requests == ["refresh"]
    finally:
        await server.stop(None)
