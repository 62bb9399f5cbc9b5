"""`hedgerow ibsim`: the simulated gateway by itself, and a recording proxy for any gateway."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from hedgerow.cli.output import messages
from hedgerow.domain.errors import InvalidValue

if TYPE_CHECKING:
    from hedgerow.ibsim.server import IbsimServer

app = typer.Typer(help="Run the simulated IB gateway, or record what passes between a client and any gateway.")


@app.callback(invoke_without_command=True)
def ibsim(
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        return
    from hedgerow.ibsim.config import IbsimConfig  # noqa: PLC0415
    from hedgerow.ibsim.main import run  # noqa: PLC0415

    if config is not None:
        told = IbsimConfig.from_file(config)
        run(told if scenario is None else told.model_copy(update={"scenario": scenario}), _tell)
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
    run(checked, _tell)


def _tell(server: IbsimServer) -> None:
    from hedgerow.ibsim.main import tell_ports  # noqa: PLC0415

    tell_ports(server)
    messages.print(f"simulated gateway on 127.0.0.1:{server.port}, admin on {server.admin_port}; Ctrl-C ends it")


@app.command("record")
def record(
    upstream: Annotated[str, typer.Option("--upstream", help="The gateway, HOST:PORT: a paper account's, or ibsim's.")],
    out: Annotated[Path, typer.Option("--out", help="New file for the recording, in the wire log's format.")],
    port: Annotated[int, typer.Option("--port", help="Loopback port your client connects to.")] = 14004,
    keep_accounts: Annotated[bool, typer.Option("--keep-accounts", help="Do not replace account ids.")] = False,
) -> None:
    """Passes bytes between client and gateway untouched, records every frame, account ids replaced; Ctrl-C ends it."""
    from hedgerow.conformance.record import run  # noqa: PLC0415

    host, _, number = upstream.rpartition(":")
    if not host or not number.isdigit() or not 0 < int(number) < 1 << 16:
        raise InvalidValue("--upstream", upstream, "HOST:PORT, such as 127.0.0.1:4002")
    if not 0 <= port < 1 << 16 or port == int(number):
        raise InvalidValue("--port", port, "a free port of this machine, another one than the gateway's")
    counts = run(host, int(number), port, out, redact=not keep_accounts, listening=messages.print)
    for what, count in sorted(counts.items()):
        messages.print(f"{what}: {count}")
