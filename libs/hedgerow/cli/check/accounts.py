"""TC-3-R-A1: accounts and positions as the broker gives them, kept current, and the broker's absence outlived."""

from __future__ import annotations

from decimal import Decimal

from hedgerow.api.portfolio.v1 import portfolio_pb2, portfolio_pb2_grpc
from hedgerow.cli.check.absence import outlives_absence
from hedgerow.cli.check.commands import outcome_of
from hedgerow.cli.check.context import RPC_TIMEOUT_S, Context, document
from hedgerow.cli.check.result import Result, holds, require
from hedgerow.settings import PortfolioSettings
from hedgerow.store.read import read_decisions, read_rows

HOUR_S = 3600.0
_AGREE_S = 15.0


def _portfolio(ctx: Context) -> portfolio_pb2_grpc.PortfolioServiceStub:
    return portfolio_pb2_grpc.PortfolioServiceStub(ctx.channel("portfolio"))


def account_values(ctx: Context) -> Result:
    """TC-3-R-A1-1."""
    wanted = {strategy.account for strategy in ctx.settings.strategies}
    answer = ctx.until(lambda: _accounts(ctx, wanted), _AGREE_S, f"portfolio does not know {', '.join(sorted(wanted))}")
    stored = {row["account"]: row for row in read_rows(ctx.store, "portfolio", "accounts")}
    told = []
    for account in answer:
        name = account.account
        for key in ("balance", "net_liquidation", "buying_power"):
            require(Decimal(getattr(account, key).value).is_finite(), f"{name}: {key} is not known")
        require(Decimal(account.net_liquidation.value) > 0, f"{name}: net liquidation {account.net_liquidation.value}")
        require(account.currency, f"{name}: no currency")
        require(len(account.values) >= 5, f"{name}: only {len(account.values)} values of the broker's")
        require(name in stored, f"{name} is not in portfolio.db")
        told.append(
            f"{name} balance {account.balance.value}, net liquidation {account.net_liquidation.value} "
            f"{account.currency}, {len(account.values)} values"
        )
    return holds("; ".join(told))


def _accounts(ctx: Context, wanted: set[str]) -> list[portfolio_pb2.Account]:
    """The accounts traded in, once portfolio has them all."""
    answer = _portfolio(ctx).ListAccounts(portfolio_pb2.ListAccountsRequest(), timeout=RPC_TIMEOUT_S)
    found = [account for account in answer.accounts if account.account in wanted and account.net_liquidation.value]
    return found if {account.account for account in found} == wanted else []


def positions_in_use(ctx: Context) -> Result:
    """TC-3-R-A1-2."""
    return holds("; ".join(_positions_of(ctx, name) for name in ctx.strategies))


def _positions_of(ctx: Context, name: str) -> str:
    """Portfolio, daemon and risk agree on what the strategy holds; waits, for a fill reaches them one by one."""
    ctx.tell(f"comparing the positions of {name}")
    differences: list[str] = []

    def agreed() -> bool:
        differences[:] = _differences(ctx, name)
        return not differences

    ctx.until(agreed, _AGREE_S, lambda: f"{name}: {'; '.join(differences)}")
    snapshot = ctx.current(name)
    verdicts = read_rows(
        ctx.store, "risk", "verdicts", where=lambda t: [t.c.strategy == name],
        order=lambda t: [t.c.wall_ns.desc()], limit=1,
    )  # fmt: skip
    used = "no order yet for risk to judge"
    if verdicts:
        facts = document(verdicts[0]["inputs"]).get("facts") or {}
        require("strategy_exposure" in facts, f"{name}: risk's newest verdict was given without its position")
        used = f"risk judged with position {facts['strategy_exposure'][0]}"
    legs = ", ".join(f"{quantity:+g} {leg}" for leg, quantity in snapshot["legs"].items())
    return f"{name}: {legs}, {snapshot['stock_position']:+g} {snapshot['symbol']}; {used}"


def _differences(ctx: Context, name: str) -> list[str]:
    """Where portfolio, the daemon's snapshot and its newest decision do not agree now, in words."""
    answer = _portfolio(ctx).ListPositions(portfolio_pb2.ListPositionsRequest(owner=name), timeout=RPC_TIMEOUT_S)
    held = {p.instrument.instrument_id: Decimal(p.quantity.value) for p in answer.positions}
    held = {instrument: quantity for instrument, quantity in held.items() if quantity}
    snapshot = ctx.current(name)
    seen = {leg: Decimal(str(quantity)) for leg, quantity in snapshot["legs"].items()}
    if snapshot["stock_position"]:
        seen[snapshot["symbol"]] = Decimal(str(snapshot["stock_position"]))
    found = []
    if not snapshot["legs"]:
        found.append("the daemon has no option legs")
    if held != seen:
        found.append(f"portfolio has {_words(held)}, the daemon {_words(seen)}")
    if answer.breaks:
        found.append(f"broker and ledger differ in {', '.join(b.instrument_id for b in answer.breaks)}")
    newest = read_decisions(ctx.store, name, limit=1)
    if not newest or document(newest[0]["record"])["option_position"] == "NONE":
        found.append("decisions are made without the option legs")
    return found


def _words(held: dict[str, Decimal]) -> str:
    return ", ".join(f"{quantity.normalize():f} {name}" for name, quantity in sorted(held.items())) or "nothing"


def kept_current(ctx: Context) -> Result:
    """TC-3-R-A1-3."""
    default_s = PortfolioSettings().refresh_interval_s
    require(default_s == HOUR_S, f"accounts are fetched every {default_s:g} s by default, not every hour")
    before = ctx.until(lambda: ctx.web.status()["accounts_fetched_at"], _AGREE_S, "accounts_fetched_at is not shown")
    outcome = outcome_of(ctx, "/control/refresh_accounts")
    require(outcome.startswith("done"), f"POST /control/refresh_accounts: {outcome!r}")
    ctx.until(
        lambda: ctx.web.status()["accounts_fetched_at"] > before, _AGREE_S,
        "POST /control/refresh_accounts did not fetch accounts anew",
    )  # fmt: skip
    told = outlives_absence(ctx)
    interval_s = ctx.settings.portfolio.refresh_interval_s
    return holds(f"every {interval_s:g} s and on demand (POST /control/refresh_accounts: {outcome}), "
                 f"accounts_fetched_at shown; {told}")  # fmt: skip
