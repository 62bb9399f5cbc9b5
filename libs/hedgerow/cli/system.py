"""Turns what a user asked for into one system: settings, the simulated gateway's configuration, and its processes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from hedgerow import settings as settings_module
from hedgerow.catalog import ENTRIES, GATEWAY, GUARD, SERVICES
from hedgerow.cli.ports import free_ports, is_free, require_free
from hedgerow.cli.restarts import Restarts
from hedgerow.cli.supervisor import Supervisor, is_listening, is_serving, wait_listening
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.tape.format import Tape
from hedgerow.tape.select import Straddle, select_straddle
from hedgerow.telemetry.logs import configure_logs

IBSIM = "ibsim"
STRATEGY = "strategy"
EXECUTION = "execution"
MAX_SPEED = 100_000
_SERVING_S = 0.3


class GatewayPorts(NamedTuple):
    """Loopback ports of the simulated gateway."""

    gateway: int
    admin: int
    metrics: int


@dataclass(frozen=True)
class System:
    """One runnable system; `processes` are (child name, catalog name, strategy) in start order."""

    settings: Settings
    state: StateDir
    processes: tuple[tuple[str, str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Children, in start order."""
        return tuple(name for name, _, _ in self.processes)

    def start(self, supervisor: Supervisor, name: str, again: bool = False) -> None:
        """Starts one of the children; `again`: after a crash, when a standby may do its work already."""
        _, entry, strategy = next(process for process in self.processes if process[0] == name)
        arguments = ["--state", str(self.state.root), *(("--name", name) if strategy else ())]
        if again and entry == EXECUTION:
            arguments.append("--standby")
        supervisor.start(entry, arguments, name)


def processes(settings: Settings) -> tuple[tuple[str, str, str], ...]:
    """Every child of a system: a guard where one is wanted, the services once, a daemon per strategy, the gateway."""
    guard = ((GUARD, GUARD, ""),) if settings.guard.enabled else ()
    services = [(name, name, "") for name in SERVICES if name != STRATEGY]
    daemons = [(f"{STRATEGY}-{s.name}", STRATEGY, s.name) for s in settings.strategies]
    return (*guard, *services, *daemons, (GATEWAY, GATEWAY, ""))


def page_address(settings: Settings) -> str:
    """Where the gateway serves its page."""
    endpoint = settings.endpoints[GATEWAY]
    return f"http://{endpoint.host}:{endpoint.port}/"


def with_endpoints(settings: Settings, ports: dict[str, tuple[int, int]]) -> Settings:
    """Settings whose endpoints name every child; explicit ones stay. Raises InvalidValue for one of no child's."""
    unknown = sorted(set(settings.endpoints) - set(ports))
    if unknown:
        raise InvalidValue(f"endpoints.{unknown[0]}", unknown[0], f"one of {', '.join(ports)}")
    endpoints = {}
    for name, (port, metrics) in ports.items():
        given = settings.endpoints.get(name, settings_module.Endpoint())
        usual = {"port": port, "metrics_port": given.metrics_port or metrics}
        endpoints[name] = given if given.port else given.model_copy(update=usual)
    return settings.model_copy(update={"endpoints": endpoints})


def catalog_ports(settings: Settings) -> dict[str, tuple[int, int]]:
    """The catalog's ports, strategy processes counted up from the first."""
    ports = {}
    daemons = 0
    for name, entry, _ in processes(settings):
        offset = 0
        if entry == STRATEGY:
            offset, daemons = daemons, daemons + 1
        metrics_port = ENTRIES[entry].metrics_port
        ports[name] = (ENTRIES[entry].port + offset, metrics_port + offset if metrics_port else 0)
    return ports


def any_ports(settings: Settings) -> dict[str, tuple[int, int]]:
    """Free ports for every child."""
    names = [name for name, _, _ in processes(settings)]
    free = free_ports(2 * len(names))
    return {name: (free[2 * i], 0 if name == GATEWAY else free[2 * i + 1]) for i, name in enumerate(names)}


def demo_system(
    state: StateDir, tape: Tape, config: Path | None, sets: tuple[str, ...], contracts: int, speed: float
) -> tuple[System, dict[str, Any], Straddle]:
    """A session on a tape: (system, simulated gateway's configuration, the straddle the account starts with)."""
    if contracts < 1:
        raise InvalidValue("--contracts", contracts, "at least 1 straddle")
    if not 0 < speed <= MAX_SPEED:
        raise InvalidValue("--speed", speed, f"above 0, at most {MAX_SPEED:,} market seconds per wall second")
    tree = settings_module.default_tree()
    tree["strategies"][0]["underlying"] = {"symbol": tape.meta.symbol}
    loaded = settings_module.load(config, sets, tree)
    if len(loaded.strategies) != 1:
        raise InvalidValue("strategies", len(loaded.strategies), "a demo runs exactly one strategy")
    strategy = loaded.strategies[0]
    if strategy.underlying.symbol != tape.meta.symbol:
        raise InvalidValue("underlying.symbol", strategy.underlying.symbol, f"the tape's symbol, {tape.meta.symbol}")
    structure = strategy.gates.strategy.structure
    straddle = select_straddle(tape, structure.min_dte, structure.max_dte)
    *gateway_free, guard_port = free_ports(4)
    gateway_ports = GatewayPorts(*gateway_free)
    loaded = loaded.model_copy(
        update={
            "broker": loaded.broker.model_copy(
                update={"port": gateway_ports.gateway, "mode": settings_module.BrokerMode.SIM, "accept_live": None}
            ),
            "guard": loaded.guard.model_copy(update={"port": guard_port}),
            "replay": settings_module.ReplaySettings(clock_file=state.clock_file),
        }
    )
    loaded = with_endpoints(loaded, any_ports(loaded))
    positions = [
        {"instrument_id": leg.instrument_id, "quantity": str(contracts), "average_price": str(Decimal(str(mid)))}
        for leg, mid in ((straddle.call, straddle.call_mid), (straddle.put, straddle.put_mid))
    ]
    gateway = ibsim_config(state, strategy.account, gateway_ports, speed)
    gateway |= {"tape": str(state.tape_file), "positions": positions}
    return System(loaded, state, processes(loaded)), gateway, straddle


def ibsim_config(state: StateDir, account: str, ports: GatewayPorts, speed: float) -> dict[str, Any]:
    """The simulated gateway's configuration inside a state folder."""
    return {
        "port": ports.gateway,
        "admin_port": ports.admin,
        "metrics_port": ports.metrics,
        "account": account,
        "speed": speed,
        "clock_file": str(state.clock_file),
        "book_file": str(state.ibsim_dir / "book.db"),
        "wire_log": str(state.wire_log),
    }


def write_plan(system: System, gateway: dict[str, Any] | None) -> None:
    """Writes settings, port map and the gateway's configuration into the state folder."""
    state = system.state
    system.settings.dump(state.settings_file)
    ports = {name: endpoint.port for name, endpoint in system.settings.endpoints.items()}
    if gateway is not None:
        ports |= {
            IBSIM: gateway["port"],
            "ibsim-admin": gateway["admin_port"],
            "ibsim-metrics": gateway["metrics_port"],
        }
        (state.ibsim_dir / "ibsim.json").write_text(json.dumps(gateway, indent=1) + "\n")
    state.ports_file.write_text(json.dumps(ports, indent=1) + "\n")


def start_ibsim_process(supervisor: Supervisor, system: System) -> None:
    """Starts the simulated gateway on its configuration file."""
    supervisor.start(IBSIM, ["--config", str(system.state.ibsim_dir / "ibsim.json")])


def start_ibsim(supervisor: Supervisor, system: System) -> int:
    """Starts the simulated gateway and waits until it listens; returns its admin port."""
    gateway = json.loads((system.state.ibsim_dir / "ibsim.json").read_text())
    start_ibsim_process(supervisor, system)
    wait_listening(gateway["port"], supervisor.check)
    wait_listening(gateway["admin_port"], supervisor.check)
    return int(gateway["admin_port"])


def restarts_of(supervisor: Supervisor, system: System, tell: Callable[[str], None]) -> Restarts:
    """Who starts this system's children again when they crash; its log is `logs/supervisor.log`."""
    state, settings = system.state, system.settings
    configure_logs("supervisor", state.logs_dir / "supervisor.log", settings.telemetry.log_level, echo=False)

    def start(name: str) -> None:
        if name == IBSIM:
            start_ibsim_process(supervisor, system)
        else:
            system.start(supervisor, name, again=True)

    def serving(name: str) -> bool:
        if name == IBSIM:
            return is_listening(settings.broker.port, _SERVING_S)
        endpoint = settings.endpoints[name]
        return is_serving(endpoint.host, endpoint.port, name, _SERVING_S)

    return Restarts(supervisor.children, start, serving, tell, state.supervisor_file)


def require_free_ports(system: System, gateway: dict[str, Any] | None) -> None:
    """Raises InvalidValue naming the key of the first port that is taken."""
    for name, endpoint in system.settings.endpoints.items():
        require_free(endpoint.port, f"endpoints.{name}.port")
        if endpoint.metrics_port:
            require_free(endpoint.metrics_port, f"endpoints.{name}.metrics_port")
    if system.settings.guard.enabled:
        require_free(system.settings.guard.port, "guard.port")
    if gateway is not None:
        require_free(gateway["port"], "broker.port")
        for port in (gateway["admin_port"], gateway["metrics_port"]):
            if not is_free(port):
                raise InvalidValue(
                    "broker.port", gateway["port"], f"a port with {port} free too", "--set broker.port=PORT"
                )
