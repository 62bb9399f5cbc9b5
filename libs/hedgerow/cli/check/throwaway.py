"""A system of the check's own in a temporary folder, hedging as often as it can, to end its daemon again and again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hedgerow import settings as settings_module
from hedgerow.cli.check.result import Failed
from hedgerow.cli.ports import neighbouring_ports
from hedgerow.cli.supervisor import Child, Supervisor
from hedgerow.cli.system import System, any_ports, start_ibsim, with_endpoints, write_plan
from hedgerow.cli.up import plan
from hedgerow.domain.errors import HedgerowError
from hedgerow.state_dir import StateDir

SPEED = 60.0
SEED = 1
_SERVING_S = 90.0
_EAGER = (
    "gates.state.delta.epsilon_band=0.5",
    "gates.state.delta.hedge_threshold=1",
    "gates.intent.hedge.min_hedge_shares=1",
    "gates.intent.hedge.cooldown_seconds=0",
    "gates.intent.hedge.min_price_move_pct=0",
    "gates.guard.risk.max_daily_hedge_count=1000000",
    "gates.guard.risk.max_daily_loss_usd=100000000",
    "risk.max_orders_per_minute=1000000",
)
"""A daemon that hedges on nearly every quote: an order after its stop would show at once."""


@dataclass(frozen=True)
class Throwaway:
    """A running system; its one daemon is started and ended again and again."""

    system: System
    supervisor: Supervisor
    tell: Callable[[str], None]

    @property
    def state(self) -> StateDir:
        """Its state folder."""
        return self.system.state

    @property
    def strategy(self) -> str:
        """Name of its strategy."""
        return self.system.settings.strategies[0].name

    def start_daemon(self) -> Child:
        """Starts the daemon and waits until it serves."""
        name = f"strategy-{self.strategy}"
        self.system.start(self.supervisor, name)
        self.supervisor.wait_serving([name], timeout_s=_SERVING_S)
        return self.supervisor.children[name]


@contextmanager
def throwaway_system(tell: Callable[[str], None]) -> Iterator[Throwaway]:
    """Starts gateway and services, without the daemon; everything has ended and is removed when it exits.

    When the use of it fails, its folder stays for a look at the logs, and Failed names it.
    """
    folder = Path(tempfile.mkdtemp(prefix="hedgerow-check-"))
    try:
        with _system(folder, tell) as system:
            yield system
    except (Failed, HedgerowError) as error:
        raise Failed(f"{error}; its logs stay in {folder / 'live' / 'logs'}") from error
    else:
        shutil.rmtree(folder)


@contextmanager
def _system(folder: Path, tell: Callable[[str], None]) -> Iterator[Throwaway]:
    port = neighbouring_ports(3)[0]
    loaded = settings_module.load(None, (f"broker.port={port}", *_EAGER))
    loaded = with_endpoints(loaded, any_ports(loaded))
    state = StateDir(folder / "live").create()
    system, gateway = plan(state, loaded, True, SPEED, SEED)
    write_plan(system, gateway)
    tell("starting a system of its own")
    with Supervisor(system.settings, state) as supervisor:
        start_ibsim(supervisor, system)
        services = [name for name, _, strategy in system.processes if not strategy]
        for name in services:
            system.start(supervisor, name)
        supervisor.wait_serving(services, timeout_s=_SERVING_S)
        yield Throwaway(system, supervisor, tell)
