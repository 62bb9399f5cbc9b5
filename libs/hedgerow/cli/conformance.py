"""`hedgerow conformance`: what the simulated gateway does, and what each IB client library makes of it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from hedgerow.cli.output import messages
from hedgerow.domain.errors import FailedPrecondition, InvalidValue

app = typer.Typer(help="Run the conformance scenarios against an IB client library, or compare a recording.")


@app.callback(invoke_without_command=True)
def conformance(
    context: typer.Context,
    client: Annotated[str, typer.Option("--client", help="ib_insync, ib_async, ibapi, or all.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list instead of lines.")] = False,
    python: Annotated[Path | None, typer.Option("--python", help="Python of your own client's environment.")] = None,
    only: Annotated[str, typer.Option("--only", help="Scenarios whose name contains this.")] = "",
    server_version: Annotated[int | None, typer.Option("--server-version", help="Only this server version.")] = None,
    list_only: Annotated[bool, typer.Option("--list", help="Print the scenarios and run none.")] = False,
) -> None:
    """Runs every scenario on a simulated gateway; exit code 1 when one fails. Default: the installed client."""
    if context.invoked_subcommand is not None:
        return
    if list_only:
        _print_scenarios(only, as_json=as_json)
        return
    runs = _runs(client, python)
    _check_selection(only, server_version)
    found = []
    for result in _results(runs, only, server_version):
        found.append(result)
        if not as_json:
            _print_result(result)
    if as_json:
        from hedgerow.conformance.launch import FIELDS  # noqa: PLC0415

        print(json.dumps([{name: result[name] for name in FIELDS} for result in found], indent=1))
    else:
        _print_counts(found)
    if not found or not all(result["passed"] for result in found):
        raise typer.Exit(1)


def _runs(client: str, python: Path | None) -> list[tuple[str, Path]]:
    """Clients to run, each with its Python; every one is known to be there before the first starts."""
    from hedgerow.conformance import environments  # noqa: PLC0415

    known = list(environments.REQUIREMENTS)
    if client not in ("", "all", *known):
        raise InvalidValue("--client", client, "one of " + ", ".join([*known, "all"]))
    if python is not None:
        if client in ("", "all"):
            raise InvalidValue("--python", str(python), "given together with --client and the one library it has")
        environments.check_python(python, client)
        return [(client, python)]
    if not client:
        installed = environments.installed()
        if not installed:
            rule = "no IB client library is installed here; name one with --client, or install hedgerow[insync]"
            raise FailedPrecondition(rule, "CLIENT_MISSING")
        client = installed[0]
    wanted = known if client == "all" else [client]
    return [(name, environments.python_for(name)) for name in wanted]


def _check_selection(only: str, server_version: int | None) -> None:
    from hedgerow.conformance.scenarios import SCENARIOS  # noqa: PLC0415
    from hedgerow.ibsim.versions import NEWEST, OLDEST, SKIPPED  # noqa: PLC0415

    if not any(only in scenario.name for scenario in SCENARIOS):
        raise InvalidValue("--only", only, "part of a scenario's name; --list names them")
    if server_version is not None and (not OLDEST <= server_version <= NEWEST or server_version == SKIPPED):
        raise InvalidValue("--server-version", server_version, f"{OLDEST} to {NEWEST}, but never {SKIPPED}")


def _results(runs: list[tuple[str, Path]], only: str, server_version: int | None) -> Iterator[dict[str, Any]]:
    from hedgerow.conformance.launch import results  # noqa: PLC0415

    for client, python in runs:
        yield from results(client, python, only=only, version=server_version)


def _print_scenarios(only: str, *, as_json: bool) -> None:
    from hedgerow.conformance.scenarios import SCENARIOS  # noqa: PLC0415

    chosen = [scenario for scenario in SCENARIOS if only in scenario.name]
    if as_json:
        print(json.dumps([{"scenario": s.name, "detail": s.detail} for s in chosen], indent=1))
        return
    for scenario in chosen:
        print(scenario.name)
        for line in scenario.detail.splitlines():
            print(f"    {line}")


def _print_result(result: dict[str, Any]) -> None:
    verdict = "ok    " if result["passed"] else "FAILED"
    print(f"{verdict} {result['client']} {result['server_version']} {result['scenario']} ({result['seconds']:.1f} s)")
    if not result["passed"]:
        print("\n".join(f"       {line}" for line in result["detail"].splitlines()))
    sys.stdout.flush()


def _print_counts(found: list[dict[str, Any]]) -> None:
    runs = Counter((result["client"], result["server_version"]) for result in found)
    passed = Counter((result["client"], result["server_version"]) for result in found if result["passed"])
    for run, count in runs.items():
        messages.print(f"{run[0]} at server version {run[1]}: {passed[run]} of {count} scenarios passed")


@app.command("compare")
def compare(
    recorded: Annotated[Path, typer.Argument(help="A recording of `hedgerow ibsim record`.")],
    reference: Annotated[Path | None, typer.Option("--with", help="Another wire log; none = our own layouts.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list instead of lines.")] = False,
) -> None:
    """Compares field counts per message and server version with the simulated gateway's; exit code 1 if one differs."""
    from hedgerow.conformance.compare import compare as rows_of  # noqa: PLC0415

    rows = rows_of(recorded, reference)
    if not rows:
        raise InvalidValue("recorded", str(recorded), "a wire log with at least one frame after the handshake")
    if as_json:
        print(json.dumps([row.as_json() for row in rows], indent=1))
    else:
        for row in rows:
            print(row)
        messages.print(f"{sum(row.agrees for row in rows)} of {len(rows)} message kinds agree")
    if not all(row.agrees for row in rows):
        raise typer.Exit(1)
