"""Control's shell: gathers facts, judges them, tells who watches; records commands and carries out its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from hedgerow.clock import wall_now
from hedgerow.domain.command import Command, CommandKind, NewCommand
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.status import SystemStatus
from hedgerow.domain.trading_state import StatusLamp
from hedgerow.rpc.streams import ConflatingBroadcast
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from services.control.config import ControlConfig
from services.control.domain import system_status
from services.control.ports import Accounts, Commands, Processes, Snapshots

_LAMP = metrics.gauge("hedgerow_control_status_lamp", "Lamp over everything: 0 green, 1 yellow, 2 red.")
_COMMANDS = metrics.counter("hedgerow_control_commands_total", "Commands recorded or repeated.", ("kind",))
_LAMP_VALUES = {StatusLamp.GREEN: 0, StatusLamp.YELLOW: 1, StatusLamp.RED: 2}

FOR_A_STRATEGY = (CommandKind.STOP, CommandKind.PAUSE, CommandKind.RESUME, CommandKind.RESET_LATCH)
SERVED = (*FOR_A_STRATEGY, CommandKind.REFRESH_ACCOUNTS)
"""Kinds of command that are carried out; every other is refused."""


class ControlService:
    """Holds no state but what was last published: every answer is computed from facts gathered for it."""

    def __init__(
        self, config: ControlConfig, snapshots: Snapshots, processes: Processes, commands: Commands,
        accounts: Accounts, market_now: Callable[[], int], recorded: Callable[[], None],
    ) -> None:  # fmt: skip
        self._config = config
        self._snapshots = snapshots
        self._processes = processes
        self._commands = commands
        self._accounts = accounts
        self._market_now = market_now
        self._recorded = recorded
        self._published: SystemStatus | None = None
        self._lamp = ""
        self.changes: ConflatingBroadcast[SystemStatus] = ConflatingBroadcast(lambda _: "status")

    async def status(self) -> SystemStatus:
        """The whole status now."""
        config = self._config
        strategies = await self._snapshots.read()
        return system_status(
            strategies, self._processes.facts(), config.limits, config.broker_mode, wall_now(), self._market_now()
        )

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
        _LAMP.set(_LAMP_VALUES[status.lamp])
        if status.lamp.value != self._lamp:
            get_logger().info("lamp", lamp=status.lamp.value, before=self._lamp, reasons=list(status.reasons))
            self._lamp = status.lamp.value

    async def send(self, command: NewCommand) -> Command:
        """Records a command, durably, and carries it out where it is control's own to carry out.

        The same id again gets the same answer. Raises InvalidValue for a kind or strategy that does
        not exist, AlreadyExists for an id used with another payload, Unavailable when the disk, or
        whom it takes to carry it out, fails: then the same command may be sent again.
        """
        if command.kind not in SERVED:
            raise InvalidValue("kind", command.kind.value, f"one of: {', '.join(SERVED)}")
        if command.strategy or command.kind in FOR_A_STRATEGY:
            self._config.require_strategy(command.strategy)
        recorded = await self._commands.record(command)
        self._recorded()
        _COMMANDS.labels(command.kind.value).inc()
        get_logger().info(
            "command", kind=command.kind.value, command_id=command.command_id, strategy=command.strategy,
            actor=command.actor, reason=command.reason, sequence=recorded.sequence,
        )  # fmt: skip
        if command.kind is CommandKind.REFRESH_ACCOUNTS and not recorded.acked_ns:
            count = await self._accounts.refresh(recorded)
            recorded = await self._commands.answer(recorded, f"done: {count} account{'s' if count != 1 else ''}")
        return recorded


def _timeless(status: SystemStatus) -> SystemStatus:
    """The status without the times that only say when it was asked for."""
    services = tuple(replace(service, last_seen_ns=0) for service in status.services)
    return replace(status, wall_ns=0, market_ns=0, services=services)
