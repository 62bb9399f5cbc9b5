"""Scenarios: lists of faults, from a YAML file or the admin socket, checked whole before any is armed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.faults import connection, data, orders, reports, requests
from hedgerow.ibsim.faults.model import Fault, Part

AnyFault = Annotated[
    requests.SwallowFrame | requests.SwallowAck | requests.DelayRequests | requests.Refuse
    | requests.RefuseClientId | requests.HalfOpen | requests.PacingLimit | reports.Mute | reports.OmitReports
    | reports.DelayReports | reports.DuplicateReports | reports.ReorderReports | reports.LateCommission
    | reports.Latency | reports.Fragment | connection.Reset | connection.Drop | connection.Notice
    | connection.SendFrame | connection.Restart | connection.LoseLink | connection.RestoreLink
    | connection.BreakFarm | connection.CompetingSession | connection.Clear | data.NoMarketData
    | data.DelayedData | orders.LoseOrders | orders.RollBackIds | orders.OrderError | orders.EndOrder
    | orders.CorrectExecution | orders.DoublePermId | orders.HideOrder | orders.RaceFill | orders.LateCancel,
    Field(discriminator="action"),
]  # fmt: skip
"""One fault of any kind, told by its `action`."""

ACTIONS: dict[str, type[Fault]] = {
    get_args(kind.model_fields["action"].annotation)[0]: kind for kind in get_args(get_args(AnyFault)[0])
}
"""Every action by name."""

_ONE: TypeAdapter[Fault] = TypeAdapter(AnyFault)


class _Loader(yaml.SafeLoader):
    """YAML whose only booleans are true and false: a trigger's key is `on`, which YAML 1.1 reads as one."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if first not in "onOyYN" or not tag.endswith(":bool")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Scenario(Part):
    """A file: an optional description, and its faults."""

    description: str = ""
    faults: tuple[AnyFault, ...] = ()


def read_fault(values: dict[str, Any]) -> Fault:
    """One fault from plain values. Raises InvalidValue naming key, value, rule and fix."""
    try:
        return _ONE.validate_python(values)
    except ValidationError as error:
        raise _refusal(error, "fault", "see docs/simulated-gateway.md") from error


def read_scenario(path: Path) -> tuple[Fault, ...]:
    """The faults of a YAML file. Raises InvalidValue naming key, value, rule and fix."""
    try:
        values = yaml.load(path.read_text(), _Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidValue("scenario", str(path), f"a readable text file ({error})") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f"line {where.line + 1}: " if where is not None else ""
        rule = f"YAML ({line}{getattr(error, 'problem', error)})"
        raise InvalidValue("scenario", str(path), rule, "correct the file") from error
    try:
        return Scenario.model_validate(values).faults
    except ValidationError as error:
        raise _refusal(error, "scenario", f"correct {path}; see docs/simulated-gateway.md") from error


def _refusal(error: ValidationError, root: str, fix: str) -> InvalidValue:
    first = error.errors()[0]
    # The tag of the union stands in the path, but in no file.
    parts = [str(part) for part in first["loc"] if part not in ACTIONS]
    rule = first["msg"].removeprefix("Value error, ")
    if first["type"] == "union_tag_invalid":
        parts.append("action")
        rule = f"one of {', '.join(sorted(ACTIONS))}"
    elif first["type"] == "union_tag_not_found":
        parts.append("action")
        rule = "every fault names its action"
    value = first.get("input")
    if first["type"] == "union_tag_invalid" and isinstance(value, dict):
        value = value.get("action")
    return InvalidValue(".".join(parts) or root, value, rule, fix)
