"""DaemonFSM: may the process work? It never ends because the broker is away."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class DaemonState(StrEnum):
    """States of the process."""

    IDLE = "IDLE"
    CONNECTING = "CONNECTING"
    CONNECTED = "CONNECTED"
    RUNNING = "RUNNING"
    RUNNING_SUSPENDED = "RUNNING_SUSPENDED"
    WAITING_IB = "WAITING_IB"
    STOPPING = "STOPPING"
    STOPPED = "STOPPED"


class Surroundings(NamedTuple):
    """Facts the machine turns on; all must be fresh, an unknown fact is False."""

    started: bool
    services_answer: bool  # market-data, execution and portfolio streams are open
    broker_up: bool  # their broker links are READY
    synchronised: bool  # positions and reports are known: decisions mean something
    suspended: bool  # paused, or the strategy is in SAFE
    stopping: bool
    stopped: bool


_LINKED = (DaemonState.CONNECTED, DaemonState.RUNNING, DaemonState.RUNNING_SUSPENDED)


def next_state(current: DaemonState, facts: Surroundings) -> DaemonState:
    """One transition towards the state those facts call for; the same state when it is reached.

    The way to RUNNING leads through CONNECTED; STOPPING only ends in STOPPED, STOPPED never ends.
    """
    if current is DaemonState.STOPPED or facts.stopped:
        return DaemonState.STOPPED
    if current is DaemonState.STOPPING or facts.stopping:
        return DaemonState.STOPPING
    if not facts.started:
        return DaemonState.IDLE
    if not facts.services_answer:
        return DaemonState.CONNECTING
    if not facts.broker_up:
        return DaemonState.WAITING_IB
    if not facts.synchronised or current not in _LINKED:
        return DaemonState.CONNECTED
    return DaemonState.RUNNING_SUSPENDED if facts.suspended else DaemonState.RUNNING
