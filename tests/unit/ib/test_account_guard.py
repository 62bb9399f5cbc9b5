"""Never real by accident."""

from __future__ import annotations

import pytest

from hedgerow.domain.errors import BrokerAccountRefused, InvalidValue
from hedgerow.ib.account_guard import check_accounts, check_port, mode_of
from hedgerow.settings import REAL_GATEWAY_PORTS, BrokerMode, BrokerSettings

SIM = BrokerSettings()
PAPER = BrokerSettings(mode=BrokerMode.PAPER, port=4002)
LIVE = BrokerSettings(mode=BrokerMode.LIVE, port=4001, accept_live="U1234567")


@pytest.mark.parametrize(
    ("account", "mode"),
    [
        ("SIM0000001", BrokerMode.SIM),
        ("DU1234567", BrokerMode.PAPER),
        ("DF1234567", BrokerMode.PAPER),
        ("U1234567", BrokerMode.LIVE),
        ("F1234567", BrokerMode.LIVE),
        ("sim0000001", BrokerMode.LIVE),
        ("XSIM1", BrokerMode.LIVE),
        ("D1234567", BrokerMode.LIVE),
    ],
)
def test_the_prefix_tells_the_mode_and_anything_else_is_live(account: str, mode: BrokerMode) -> None:
    assert mode_of(account) is mode


def test_fitting_accounts_pass() -> None:
    assert check_accounts(SIM, ["SIM0000001", "SIM0000002"]) == ("SIM0000001", "SIM0000002")
    assert check_accounts(PAPER, ["DU1", "DF2", ""]) == ("DU1", "DF2")
    assert check_accounts(LIVE, ["U1234567", "U7654321"]) == ("U1234567",)


@pytest.mark.parametrize(
    ("broker", "accounts"),
    [
        (SIM, []),
        (SIM, [""]),
        (SIM, ["DU1234567"]),
        (SIM, ["U1234567"]),
        (SIM, ["SIM0000001", "U1234567"]),
        (PAPER, ["SIM0000001"]),
        (PAPER, ["U1234567"]),
        (PAPER, ["DU1234567", "U1234567"]),
        (LIVE, ["U7654321"]),
        (LIVE, ["DU1234567"]),
        (LIVE, ["U1234567", "SIM0000001"]),
    ],
)
def test_every_other_account_is_refused(broker: BrokerSettings, accounts: list[str]) -> None:
    with pytest.raises(BrokerAccountRefused):
        check_accounts(broker, accounts)


@pytest.mark.parametrize("port", sorted(REAL_GATEWAY_PORTS))
def test_sim_never_dials_a_real_port(port: int) -> None:
    with pytest.raises(InvalidValue, match=r"broker\.port"):
        check_port(SIM.model_copy(update={"port": port}))
    check_port(PAPER.model_copy(update={"port": port}))
