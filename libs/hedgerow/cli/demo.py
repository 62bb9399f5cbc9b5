"""`hedgerow demo`: one gamma-scalping session, end to end, on the simulated gateway."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from google.protobuf.json_format import MessageToDict
from rich.live import Live

from hedgerow import state_dir
from hedgerow.api.strategy.v1 import strategy_pb2, strategy_pb2_grpc
from hedgerow.cli.demo_day import demo_day
from hedgerow.cli.demo_report import build_report, print_summary, write_report
from hedgerow.cli.demo_view import live_table
from hedgerow.cli.output import ConfigOption, JsonFlag, SetOption, messages, print_json, progress
from hedgerow.cli.recoveries import recoveries_of, rows_of
from hedgerow.cli.restarts import Restarts
from hedgerow.cli.supervisor import Supervisor
from hedgerow.cli.system import System, demo_system, page_address, restarts_of, start_ibsim, write_plan
from hedgerow.cli.tape import SYNTHETIC_DAY, parse_day, synthetic
from hedgerow.clock import ReplayClock
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, Unavailable
from hedgerow.ibsim.admin import admin_call
from hedgerow.state_dir import StateDir
from hedgerow.tape.format import Tape
from hedgerow.tape.reader import read_tape
from hedgerow.tape.writer import write_tape

_POLL_S = 0.1
_READY_S = 120.0
_RPC_TIMEOUT_S = 5.0
_SETTLE_S = 5.0
# At 600x a second of market time passes in 1.7 ms: quotes closer together than a busy machine's hiccups look stale.
_SYNTHETIC_INTERVAL_MS = 30_000
_SPEED = 600.0


def demo(
    tape: Annotated[Path | None, typer.Option("--tape", help="Tape to play; none = a seeded synthetic day.")] = None,
    speed: Annotated[float, typer.Option("--speed", help="Market seconds per wall second.")] = _SPEED,
    contracts: Annotated[int, typer.Option("--contracts", help="Straddles the account starts with.")] = 20,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the synthetic day.")] = 1,
    day: Annotated[str, typer.Option("--date", help="Date of the synthetic day.")] = SYNTHETIC_DAY.isoformat(),
    report_json: Annotated[Path | None, typer.Option("--report-json", help="Write the report here.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", help="Start nothing: run the synthetic day through the backtest, write its page here."
        ),
    ] = None,
    periods: Annotated[
        int | None,
        typer.Option(
            "--periods", help="With --output: a period is a minute of the session, from the open; none = all."
        ),
    ] = None,
    config: ConfigOption = None,
    sets: SetOption = None,
    json_: JsonFlag = False,
) -> None:
    """Plays a trading day on the simulated gateway, hedges a straddle through it, and sums it up."""
    if output is not None:
        _refuse(
            {"--tape": tape, "--config": config, "--keep": keep or None, "--speed": speed if speed != _SPEED else None}
        )
        demo_day(output, report_json, periods, seed, parse_day(day), contracts, sets or (), json_)
        return
    if periods is not None:
        raise InvalidValue("--periods", periods, "minutes of a day that --output writes a page of", "add --output FILE")
    started = time.monotonic()
    if report_json is not None and not report_json.absolute().parent.is_dir():
        raise InvalidValue("--report-json", str(report_json), "a file in a folder that exists")
    state = state_dir.new_session()
    played = _tape(state, tape, seed, day)
    system, gateway, straddle = demo_system(state, played, config, tuple(sets or ()), contracts, speed)
    _create(state, tape, played)
    write_plan(system, gateway)
    state_dir.mark_latest(state)
    ending: list[int] = []  # the signals that came, and 0 for a strategy stopped by command
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: ending.append(received))
    messages.print(
        f"{played.meta.symbol} {played.meta.date}: {contracts} x {straddle.expiry} {straddle.strike} straddle, "
        f"spot {straddle.spot:.2f}, {straddle.dte} days to expiry, {speed:g}x, {state.root}"
    )
    with Supervisor(system.settings, state) as supervisor:
        admin_port = _start(supervisor, system)
        messages.print(f"open {page_address(system.settings)}")
        strategy = system.settings.strategies[0].name
        endpoint = system.settings.endpoints[f"strategy-{strategy}"]
        with grpc.insecure_channel(f"{endpoint.host}:{endpoint.port}") as channel:
            restarts = restarts_of(supervisor, system, lambda words: messages.print(words, markup=False))
            daemon = _Daemon(channel, supervisor, restarts, f"strategy-{strategy}", ending)
            _await_running(daemon, ending)
            admin_call(admin_port, "resume")
            _play(daemon, state, ending, quiet=json_)
            _await_idle(daemon, ending)
            # What the report asks must be there, also when it crashed a moment ago.
            supervisor.wait_serving(("portfolio",), check=daemon.check)
            report = build_report(system, daemon.snapshot(), played, time.monotonic() - started, admin_port)
            if keep and not any(ending):
                _show(report, report_json, state, json_)
                messages.print("the system is still running; Ctrl-C ends it")
                while not any(ending):
                    daemon.check()
                    time.sleep(_POLL_S)
                return
    report["wall_seconds"] = round(time.monotonic() - started, 3)
    report["recoveries"] = rows_of(recoveries_of(state))
    _show(report, report_json, state, json_)


def _refuse(given: dict[str, object]) -> None:
    """What says how a system is played has no say with --output."""
    for key, value in given.items():
        if value is not None:
            rule = "left out with --output, which plays a synthetic day and starts nothing"
            raise InvalidValue(key, value, rule, "`hedgerow backtest --tape FILE --report-html FILE` tells of a tape")


def _show(report: dict[str, Any], report_json: Path | None, state: StateDir, json_: bool) -> None:
    write_report(report, state.report_file)
    if report_json is not None:
        write_report(report, report_json)
    if json_:
        print_json(report)
    else:
        print_summary(report)


def _tape(state: StateDir, tape: Path | None, seed: int, day: str) -> Tape:
    if tape is not None:
        return read_tape(tape)
    return synthetic(seed, parse_day(day), interval_ms=_SYNTHETIC_INTERVAL_MS)


def _create(state: StateDir, source: Path | None, played: Tape) -> None:
    """Makes the session folder with its tape: a link to the given one, or the synthetic one written."""
    state.create()
    if source is not None:
        state.tape_file.symlink_to(source.absolute())
        return
    write_tape(state.tape_file, played.meta, played)


def _start(supervisor: Supervisor, system: System) -> int:
    """Starts the gateway and every process; returns the gateway's admin port."""
    with progress() as bar:
        task = bar.add_task("starting", total=None)
        admin_port = start_ibsim(supervisor, system)
        for name in system.names:
            system.start(supervisor, name)
        supervisor.wait_serving(system.names, timeout_s=_READY_S, tick=lambda: bar.advance(task))
    return admin_port


class _Daemon:
    """The strategy as the demo sees it; one that is stopped by command ends the play, and what it said last stays."""

    def __init__(
        self, channel: grpc.Channel, supervisor: Supervisor, restarts: Restarts, name: str, ending: list[int]
    ) -> None:
        self._stub = strategy_pb2_grpc.StrategyServiceStub(channel)
        self._supervisor = supervisor
        self._restarts = restarts
        self._name = name
        self._ending = ending
        self._last: dict[str, Any] = {}

    def snapshot(self) -> dict[str, Any]:
        """What it knows now; what it said last while it is started again."""
        try:
            answer = self._stub.GetStrategy(strategy_pb2.GetStrategyRequest(), timeout=_RPC_TIMEOUT_S)
        except grpc.RpcError as error:
            self._await_end(error)
        else:
            self._last = MessageToDict(answer.snapshot)
        return self._last

    def check(self) -> None:
        """Has crashed processes started again; raises FailedPrecondition for one that ended and does not come back."""
        for name in self._restarts.look():
            failure = self._supervisor.children.pop(name).failure()
            if name != self._name:
                raise FailedPrecondition(failure or f"{name} ended", "PROCESS_ENDED")
            messages.print(f"{name} was stopped")
            self._ending.append(0)
        for words in self._restarts.given_up.values():
            raise FailedPrecondition(f"{words}; it was started again too often", "PROCESS_ENDED")

    def _await_end(self, error: grpc.RpcError) -> None:
        """It does not answer: it ends, it crashed, or something is wrong with it."""
        child = self._supervisor.children.get(self._name)
        if child is not None and not self._restarts.mending(self._name):
            try:
                child.process.wait(_RPC_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                raise Unavailable(f"{self._name} does not answer") from error
        self.check()
        if not self._last:
            raise Unavailable(f"{self._name} was stopped before it said anything") from error


def _await_running(daemon: _Daemon, ending: list[int]) -> None:
    """Until the daemon has its links and positions: only then does market time start."""
    deadline = time.monotonic() + _READY_S
    with progress() as bar:
        bar.add_task("connecting the daemon", total=None)
        while not ending:
            daemon.check()
            snapshot = daemon.snapshot()
            if snapshot.get("daemon_state") in ("RUNNING", "RUNNING_SUSPENDED") and snapshot.get("spot"):
                return
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"the daemon is {snapshot.get('daemon_state')} after {_READY_S:.0f} s: "
                    f"{', '.join(snapshot.get('reasons', [])) or 'no reason given'}"
                )
            time.sleep(_POLL_S)


def _play(daemon: _Daemon, state: StateDir, ending: list[int], quiet: bool) -> None:
    """Shows the session until the tape ends."""
    clock = ReplayClock(state.clock_file)
    with Live(console=messages, refresh_per_second=4, transient=True, auto_refresh=not quiet) as live:
        while not ending and not clock.read().ended:
            daemon.check()
            if not quiet:
                live.update(live_table(daemon.snapshot(), clock.read()))
            time.sleep(_POLL_S)


def _await_idle(daemon: _Daemon, ending: list[int]) -> None:
    """Until the last order's reports are in."""
    deadline = time.monotonic() + _SETTLE_S
    while not ending and time.monotonic() < deadline:
        if daemon.snapshot().get("hedge_fsm_state") in ("EXEC_IDLE", "FILLED"):
            return
        time.sleep(_POLL_S)
