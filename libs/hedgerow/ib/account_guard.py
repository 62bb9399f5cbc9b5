"""Never real by accident: which accounts a broker mode may see, and which ports it may dial."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hedgerow.domain.errors import BrokerAccountRefused, InvalidValue
from hedgerow.settings import REAL_GATEWAY_PORTS, BrokerMode, BrokerSettings

_SIM = re.compile(r"^SIM")
_PAPER = re.compile(r"^(DU|DF)")


def check_port(broker: BrokerSettings) -> None:
    """Raises InvalidValue when mode sim would dial a port that real gateways listen on."""
    if broker.mode is BrokerMode.SIM and broker.port in REAL_GATEWAY_PORTS:
        raise InvalidValue(
            "broker.port", broker.port, "mode sim never dials a real gateway's port", "use the simulated gateway's port"
        )


def mode_of(account: str) -> BrokerMode:
    """The mode an account's prefix stands for: SIM, DU or DF, any other is live."""
    if _SIM.match(account):
        return BrokerMode.SIM
    return BrokerMode.PAPER if _PAPER.match(account) else BrokerMode.LIVE


def check_accounts(broker: BrokerSettings, accounts: Iterable[str]) -> tuple[str, ...]:
    """The accounts that may be traded, all of one kind.

    In live mode only the accepted account may be, and it has to be there; its siblings may be seen but not traded.
    Raises BrokerAccountRefused when there is none, or one that the mode does not match.
    """
    names = tuple(account for account in accounts if account)
    if not names:
        raise BrokerAccountRefused("the broker named no account")
    for name in names:
        if mode_of(name) is not broker.mode:
            raise BrokerAccountRefused(
                f"account {name} is a {mode_of(name).value} account and broker.mode is {broker.mode.value}"
            )
    if broker.mode is not BrokerMode.LIVE:
        return names
    if broker.accept_live not in names:
        raise BrokerAccountRefused(f"the accepted live account {broker.accept_live} is not among {', '.join(names)}")
    return (broker.accept_live,)
