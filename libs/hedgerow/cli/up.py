"""`hedgerow up` runs everything on loopback; `hedgerow run NAME` runs one process."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from hedgerow import settings as settings_module
from hedgerow import state_dir
from hedgerow.catalog import ENTRIES, GATEWAY, GUARD, SERVICES
from hedgerow.cli.output import ConfigOption, SetOption, messages, print_table
from hedgerow.cli.supervisor import Supervisor
from hedgerow.cli.system import (
    EXECUTION,
    IBSIM,
    GatewayPorts,
    System,
    catalog_ports,
    ibsim_config,
    page_address,
    processes,
    require_free_ports,
    restarts_of,
    start_ibsim,
    with_endpoints,
    write_plan,
)
from hedgerow.cli.tape import SYNTHETIC_DAY, synthetic
from hedgerow.domain.errors import InvalidValue
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir
from hedgerow.tape.select import select_straddle

_POLL_S = 0.1
SIM_CONTRACTS = 20


def up(
    sim: Annotated[bool, typer.Option("--sim", help="Also run the simulated gateway on a seeded market.")] = False,
    speed: Annotated[float, typer.Option("--speed", help="With --sim: market seconds per wall second.")] = 60.0,
    seed: Annotated[int, typer.Option("--seed", help="With --sim: seed of the market.")] = 1,
    accept_live: Annotated[
        str | None, typer.Option("--i-accept-live", help="The one live account that may be traded.", metavar="ACCOUNT")
    ] = None,
    config: ConfigOption = None,
    sets: SetOption = None,
) -> None:
    """Runs all services and strategies until Ctrl-C; without a gateway the lamp is yellow until one is there."""
    overrides = (*(sets or ()), *((f"broker.accept_live={accept_live}",) if accept_live else ()))
    loaded = settings_module.load(config, overrides)
    state = state_dir.live()
    system, gateway = plan(state, loaded, sim, speed, seed)
    require_free_ports(system, gateway)
    state.create()
    state.clock_file.unlink(missing_ok=True)
    write_plan(system, gateway)
    run_until_stopped(system, gateway)


def plan(state: StateDir, loaded: Settings, sim: bool, speed: float, seed: int) -> tuple[System, dict[str, Any] | None]:
    """The system `up` runs, and the simulated gateway's configuration with --sim."""
    gateway = None
    if sim:
        if loaded.broker.mode is not settings_module.BrokerMode.SIM:
            raise InvalidValue("broker.mode", loaded.broker.mode.value, "sim, with --sim")
        account = loaded.strategies[0].account if loaded.strategies else "SIM0000001"
        port = loaded.broker.port
        gateway = ibsim_config(state, account, GatewayPorts(port, port + 1, port + 2), speed)
        gateway |= {"seed": seed, "day": SYNTHETIC_DAY.isoformat(), "autostart": True}
        if loaded.strategies:
            gateway["positions"] = sim_positions(loaded, seed, SYNTHETIC_DAY)
            gateway["symbol"] = loaded.strategies[0].underlying.symbol
        loaded = loaded.model_copy(update={"replay": settings_module.ReplaySettings(clock_file=state.clock_file)})
    loaded = with_endpoints(loaded, catalog_ports(loaded))
    return System(loaded, state, processes(loaded)), gateway


def sim_positions(loaded: Settings, seed: int, day: date) -> list[dict[str, str]]:
    """The straddle the simulated account starts with."""
    strategy = loaded.strategies[0]
    structure = strategy.gates.strategy.structure
    tape = synthetic(seed, day, strategy.underlying.symbol)
    straddle = select_straddle(tape, structure.min_dte, structure.max_dte)
    return [
        {"instrument_id": leg.instrument_id, "quantity": str(SIM_CONTRACTS), "average_price": repr(round(mid, 6))}
        for leg, mid in ((straddle.call, straddle.call_mid), (straddle.put, straddle.put_mid))
    ]


def run_until_stopped(system: System, gateway: dict[str, Any] | None) -> None:
    """Starts everything, starts again what crashes, and ends it all on SIGINT or SIGTERM."""
    ending: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: ending.append(received))
    with Supervisor(system.settings, system.state) as supervisor:
        if gateway is not None:
            start_ibsim(supervisor, system)
        for name in system.names:
            system.start(supervisor, name)
        with messages.status("starting"):
            supervisor.wait_serving(system.names, timeout_s=90.0)
        print_table(
            f"hedgerow is up ({system.state.root})", ["process", "address", "metrics"],
            [(name, f"{e.host}:{e.port}", f"http://{e.host}:{e.metrics_port}/metrics" if e.metrics_port else "")
             for name, e in system.settings.endpoints.items()],
        )  # fmt: skip
        messages.print(f"open {page_address(system.settings)}")
        messages.print("Ctrl-C ends it; `hedgerow status live` shows what the strategies know")
        restarts = restarts_of(supervisor, system, lambda words: messages.print(words, markup=False))
        while not ending:
            for name in restarts.look():
                messages.print(f"{name} ended")
                del supervisor.children[name]
            time.sleep(_POLL_S)
        messages.print("stopping")


def run(
    name: Annotated[str, typer.Argument(help=f"Process: {', '.join((*SERVICES, GATEWAY, GUARD))}.")],
    strategy: Annotated[str, typer.Option("--strategy", help="With `strategy`: which one.")] = "",
    state: Annotated[
        Path | None, typer.Option("--state", help="State folder; none = live under the state root.")
    ] = None,
    standby: Annotated[
        bool, typer.Option("--standby", help="With `execution`: wait, and take over when the one at work ends.")
    ] = False,
    config: ConfigOption = None,
    sets: SetOption = None,
) -> None:
    """Runs one process in the foreground, on the same state folder `hedgerow up` uses."""
    if name not in ENTRIES or name == IBSIM:
        raise InvalidValue("NAME", name, f"one of {', '.join(n for n in ENTRIES if n != IBSIM)}")
    if standby and name != EXECUTION:
        raise InvalidValue("--standby", name, f"{EXECUTION}: nothing else writes to the broker", "leave --standby out")
    folder = StateDir(state).create() if state else state_dir.live().create()
    if config is not None or sets or not folder.settings_file.is_file():
        loaded = settings_module.load(config, tuple(sets or ()))
        loaded = with_endpoints(loaded, catalog_ports(loaded))
        loaded.dump(folder.settings_file)
    loaded = Settings.read(folder.settings_file)
    arguments = ["--state", str(folder.root)]
    if name == "strategy":
        chosen = strategy or (loaded.strategies[0].name if len(loaded.strategies) == 1 else "")
        loaded.strategy(chosen)
        arguments += ["--name", f"strategy-{chosen}"]
    if standby:
        messages.print(f"waits until the {EXECUTION} at work ends or loses its lease, then takes over; Ctrl-C ends it")
        arguments += ["--standby"]
    os.environ.setdefault("HEDGEROW_HOME", str(state_dir.home()))
    module = importlib.import_module(ENTRIES[name].module)
    sys.exit(module.main(arguments))
