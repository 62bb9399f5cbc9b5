"""A system of the check's own in a temporary folder, hedging as often as it can, to end its daemon again and again."""

from __future__ import annotations

import json
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from hedgerow import settings as settings_module
from hedgerow.catalog import GATEWAY
from hedgerow.cli.check.context import Context
from hedgerow.cli.check.result import Failed
from hedgerow.cli.ports import neighbouring_ports
from hedgerow.cli.supervisor import Child, Supervisor
from hedgerow.cli.system import System, any_ports, start_ibsim, with_endpoints, write_plan
from hedgerow.cli.up import plan
from hedgerow.domain.errors import HedgerowError
from hedgerow.ibsim.admin import admin_call
from hedgerow.settings import Endpoint, Settings
from hedgerow.state_dir import StateDir
from hedgerow.store.location import StoreLocation, location_of, status_location_of

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

    @property
    def daemon(self) -> str:
        """Name of its strategy's process."""
        return f"strategy-{self.strategy}"

    @property
    def context(self) -> Context:
        """Looks at it from outside, as at any other system."""
        return Context(self.state, self.system.settings, tell=self.tell)

    def snapshot(self) -> dict[str, Any]:
        """Its strategy's current snapshot in the sink, empty when there is none."""
        return self.context.current(self.strategy)

    def start(self, name: str) -> Child:
        """Starts one process and waits until it serves."""
        self.system.start(self.supervisor, name)
        self.supervisor.wait_serving([name], timeout_s=_SERVING_S)
        return self.supervisor.children[name]

    def start_daemon(self) -> Child:
        """Starts the daemon and waits until it serves."""
        return self.start(self.daemon)

    def kill(self, name: str) -> None:
        """Ends one process at once, as a crash does."""
        child = self.supervisor.children.pop(name)
        child.process.kill()
        child.process.wait()

    def gateway(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Commands its simulated gateway."""
        port = json.loads(self.state.ports_file.read_text())["ibsim-admin"]
        return admin_call(port, command, **arguments)


@contextmanager
def throwaway_system(
    tell: Callable[[str], None], like: Settings | None = None, manual_shares: int = 0, sets: tuple[str, ...] = ()
) -> Iterator[Throwaway]:
    """Starts gateway and services, without the daemon; everything has ended and is removed when it exits.

    Its store and status sink are of the kind `like` has, its HTTP listens in the local network where there is
    one, and its account holds `manual_shares` of the underlying that belong to nobody. When the use of it
    fails, its folder stays for a look at the logs, and Failed names it.
    """
    folder = Path(tempfile.mkdtemp(prefix="hedgerow-check-"))
    loaded = _settings(folder, like, sets)
    state = StateDir(folder / "live").create()
    try:
        with _system(state, loaded, manual_shares, tell) as system:
            yield system
    except (Failed, HedgerowError) as error:
        raise Failed(f"{error}; its logs stay in {folder / 'live' / 'logs'}") from error
    else:
        shutil.rmtree(folder, ignore_errors=True)  # what a clean-up of the machine took first is no failure
    finally:
        for location in {location_of(state, loaded), status_location_of(state, loaded)}:
            drop_schemas(location)


def _settings(folder: Path, like: Settings | None, sets: tuple[str, ...]) -> Settings:
    pairs = [f"broker.port={neighbouring_ports(3)[0]}", *_EAGER, *sets]
    if like is not None and like.store.url:
        pairs.append(f"store.url={like.store.url}")
    if like is not None and like.status.sink:
        file = like.status.sink.startswith("file:")
        pairs.append(f"status.sink={f'file://{folder}/status.json' if file else like.status.sink}")
    pairs.append(f"store.prefix=check_{uuid.uuid4().hex[:8]}_")
    key = folder / "api-key"
    key.write_text(uuid.uuid4().hex)
    key.chmod(0o600)
    pairs.append(f"gateway.api_key_file={key}")
    loaded = settings_module.load(None, tuple(pairs))
    ports = any_ports(loaded)
    gateway = Endpoint(host=lan_address(), port=ports[GATEWAY][0])
    return with_endpoints(loaded.model_copy(update={"endpoints": {GATEWAY: gateway}}), ports)


def lan_address() -> str:
    """This machine's address in its local network, loopback when it has none; nothing is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def drop_schemas(location: StoreLocation) -> None:
    """Takes away the PostgreSQL schemas of a throwaway system, known by their prefix."""
    if not location.url or not location.prefix.startswith("check_"):
        return
    with psycopg.connect(location.url, autocommit=True) as connection:
        names = connection.execute(
            "select nspname from pg_namespace where starts_with(nspname, %s)", (location.prefix,)
        ).fetchall()
        for (name,) in names:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))


@contextmanager
def _system(state: StateDir, loaded: Settings, manual_shares: int, tell: Callable[[str], None]) -> Iterator[Throwaway]:
    system, gateway = plan(state, loaded, True, SPEED, SEED)
    if manual_shares and gateway is not None:
        symbol = loaded.strategies[0].underlying.symbol
        gateway["positions"].append({"instrument_id": symbol, "quantity": str(manual_shares), "average_price": "100"})
    write_plan(system, gateway)
    tell("starting a system of its own")
    with Supervisor(system.settings, state) as supervisor:
        start_ibsim(supervisor, system)
        services = [name for name, _, strategy in system.processes if not strategy]
        for name in services:
            system.start(supervisor, name)
        supervisor.wait_serving(services, timeout_s=_SERVING_S)
        yield Throwaway(system, supervisor, tell)
