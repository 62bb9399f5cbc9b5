"""Commands as an operator sends them over HTTP, with what came of them."""

from __future__ import annotations

from typing import Any

from hedgerow.cli.check.context import Context

_OUTCOME_S = 30.0


def outcome_of(ctx: Context, path: str, limit_s: float = _OUTCOME_S, **body: Any) -> str:
    """Sends a command over HTTP and waits for what came of it; raises Failed when that is not known in time."""
    answer = ctx.web.post(path, actor="check", reason="acceptance check", **body)
    ctx.tell(f"POST {path}: waiting for its outcome")
    return awaited_outcome(ctx, str(answer["command_id"]), limit_s)


def awaited_outcome(ctx: Context, command_id: str, limit_s: float = _OUTCOME_S) -> str:
    """What came of a command; raises Failed when that is not known in time."""
    found: dict[str, Any] = {}

    def known() -> bool:
        found.update(ctx.web.command(command_id))
        return bool(found.get("acknowledgeTime"))

    ctx.until(known, limit_s, lambda: f"{found.get('kind')} has no outcome: {found.get('outcome', '')!r}")
    return str(found.get("outcome", ""))
