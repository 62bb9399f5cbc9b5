"""`hedgerow ibsim`: the simulated gateway by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from hedgerow.cli.output import messages
from hedgerow.domain.errors import InvalidValue


def ibsim(
    config: Annotated[Path | None, typer.Option("--config", help="JSON configuration file of the gateway.")] = None,
    tape: Annotated[Path | None, typer.Option("--tape", help="Tape to replay; none = a seeded market.")] = None,
    port: Annotated[int, typer.Option("--port", help="Loopback port of the gateway.")] = 14002,
    admin_port: Annotated[int, typer.Option("--admin-port", help="Loopback port for admin commands.")] = 14003,
    account: Annotated[str, typer.Option("--account", help="Account id; starts with SIM.")] = "SIM0000001",
    speed: Annotated[float, typer.Option("--speed", help="Market seconds per wall second.")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the synthetic market.")] = 1,
    clock_file: Annotated[Path | None, typer.Option("--clock-file", help="Where to publish market time.")] = None,
    book_file: Annotated[Path | None, typer.Option("--book-file", help="Durable order book.")] = None,
    wire_log: Annotated[Path | None, typer.Option("--wire-log", help="Byte tap: every frame, both ways.")] = None,
    scenario: Annotated[Path | None, typer.Option("--scenario", help="YAML file of scripted faults.")] = None,
) -> None:
    """Runs the simulated IB gateway on loopback until SIGTERM or Ctrl-C."""
    from hedgerow.ibsim.config import IbsimConfig  # noqa: PLC0415
    from hedgerow.ibsim.main import run  # noqa: PLC0415

    if config is not None:
        told = IbsimConfig.from_file(config)
        run(told if scenario is None else told.model_copy(update={"scenario": scenario}))
        return
    values: dict[str, Any] = {
        "tape": tape, "port": port, "admin_port": admin_port, "account": account, "speed": speed, "seed": seed,
        "clock_file": clock_file, "book_file": book_file, "wire_log": wire_log, "scenario": scenario, "autostart": True,
    }  # fmt: skip
    try:
        checked = IbsimConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = "--" + str(first["loc"][0] if first["loc"] else "config").replace("_", "-")
        raise InvalidValue(key, first["input"], first["msg"].removeprefix("Value error, ")) from error
    messages.print(f"simulated gateway on 127.0.0.1:{port}, admin on {admin_port}; Ctrl-C ends it")
    run(checked)
