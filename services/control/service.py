"""Control's shell: gathers facts, judges them, tells who watches; records commands and carries out its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from hedgerow.clock import wall_now
from hedgerow.domain.command import Command, CommandKind, FlattenOptions, FlattenTarget, NewCommand
from hedgerow.domain.status import StrategyStatus, SystemStatus
from hedgerow.failpoints import failpoint
from hedgerow.rpc.streams import ConflatingBroadcast
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from services.control.config import ControlConfig
from services.control.domain import system_status
from services.control.lamp_metrics import LampMetrics
from services.control.neutral import neutral_target
from services.control.own import OWN, OwnCommands
from services.control.ports import Alerts, Commands, Processes, Snapshots

_COMMANDS = metrics.counter("hedgerow_control_commands_total", "Commands recorded or repeated.", ("kind",))

FOR_A_STRATEGY = frozenset(CommandKind) - frozenset(OWN)


class ControlService:
    """Holds no state but what was last published: every answer is computed from facts gathered for it."""

    def __init__(
        self, config: ControlConfig, snapshots: Snapshots, processes: Processes, alerts: Alerts, commands: Commands,
        own: OwnCommands, market_now: Callable[[], int], recorded: Callable[[], None],
    ) -> None:  # fmt: skip
        self._config = config
        self._snapshots = snapshots
        self._processes = processes
        self._alerts = alerts
        self._commands = commands
        self._own = own
        self._flattening = asyncio.Lock()
        self._market_now = market_now
        self._recorded = recorded
        self._published: SystemStatus | None = None
        self._lamp = ""
        self._metrics = LampMetrics()
        self.changes: ConflatingBroadcast[SystemStatus] = ConflatingBroadcast(lambda _: "status")

    async def status(self) -> SystemStatus:
        """The whole status now."""
        config = self._config
        strategies = await self._snapshots.read()
        return system_status(
            strategies, self._processes.facts(), config.limits, config.broker_mode, wall_now(), self._market_now(),
            await self._alerts.read(),
        )  # fmt: skip

    async def watch(self) -> None:
        """Publishes every change of the status until canceled."""
        while True:
            status = await self.status()
            self._note(status)
            if self._published is None or _timeless(status) != _timeless(self._published):
                self._published = status
                self.changes.publish(status)
            await asyncio.sleep(self._config.refresh_interval_s)

    def _note(self, status: SystemStatus) -> None:
        self._metrics.show(status)
        if status.lamp.value != self._lamp:
            get_logger().info("lamp", lamp=status.lamp.value, before=self._lamp, reasons=list(status.reasons))
            self._lamp = status.lamp.value

    async def send(self, command: NewCommand) -> Command:
        """Records a command, durably, and carries it out where it is control's own to carry out.

        The same id again gets the same answer. Raises InvalidValue for a strategy that does not exist,
        AlreadyExists for an id used with another payload, FailedPrecondition for a neutral position
        that is not known or would need more than reducing, Unavailable when the disk, or whom it takes
        to carry it out, fails: then the same command may be sent again.
        """
        failpoint("control.send")
        if command.strategy or (command.kind in FOR_A_STRATEGY and command.kind is not CommandKind.KILL):
            self._config.require_strategy(command.strategy)
        if command.kind is CommandKind.FLATTEN and command.arguments["target"] == FlattenTarget.NEUTRAL:
            async with self._flattening:  # the first asked decides the target of all that race with its id
                command = await self._with_target(command)
                recorded = await self._commands.record(command)
        else:
            gone = await self._gone(command)
            recorded = await self._commands.record(command)
            if gone and not recorded.acked_ns:
                recorded = await self._commands.answer(recorded, gone)
        failpoint("control.recorded")
        self._recorded()
        _COMMANDS.labels(command.kind.value).inc()
        get_logger().info(
            "command", kind=command.kind.value, command_id=command.command_id, strategy=command.strategy,
            actor=command.actor, reason=command.reason, sequence=recorded.sequence,
        )  # fmt: skip
        return await self._own.carry_out(recorded) if command.kind in OWN else recorded

    async def _with_target(self, command: NewCommand) -> NewCommand:
        """The flatten with its neutral position: as recorded before under its id, else from the snapshot now."""
        recorded = await self._commands.recorded(command.command_id)
        if recorded is not None and recorded.kind is CommandKind.FLATTEN:
            target = recorded.flatten.target_quantity
        else:
            target = neutral_target(await self._strategy(command.strategy))
        options = FlattenOptions(FlattenTarget.NEUTRAL, target_quantity=target)
        return replace(command, arguments=options.arguments())

    async def _gone(self, command: NewCommand) -> str:
        """What a stop is answered whose run is known to have ended; empty while it may live.

        Looked at before the stop is recorded: no run can have ended by it. One recorded before has its answer.
        """
        if command.kind is not CommandKind.STOP or not command.run_id:
            return ""
        if await self._commands.recorded(command.command_id) is not None:
            return ""
        status = await self._strategy(command.strategy)
        ended = status.snapshot.get("daemon_state") == "STOPPED"
        if not status.run_id or (status.run_id == command.run_id and not ended):
            return ""
        return f"gone: run {command.run_id} has ended; the last run of {command.strategy} is {status.run_id}"

    async def _strategy(self, name: str) -> StrategyStatus:
        status = await self.status()
        return next(each for each in status.strategies if each.strategy == name)


def _timeless(status: SystemStatus) -> SystemStatus:
    """The status without the times that only say when it was asked for."""
    services = tuple(replace(service, last_seen_ns=0) for service in status.services)
    return replace(status, wall_ns=0, market_ns=0, services=services)
