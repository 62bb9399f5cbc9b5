"""The supervised connection against a gateway that comes, goes, refuses and falls mute."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path

import pytest

from hedgerow.clock import WallClock, wall_now
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, Unavailable
from hedgerow.domain.trading_state import BrokerLink, LinkState
from hedgerow.ib.accounts import AccountFeed
from hedgerow.ib.link import IbLink, Recovery
from hedgerow.settings import BrokerMode, BrokerSettings
from tests.integration.ib.gateway import Gateway, ready, until


def a_link(broker: BrokerSettings, client_id: int = 11) -> tuple[IbLink, list[BrokerLink]]:
    """A link and the states it goes through."""
    states: list[BrokerLink] = []
    return IbLink(broker, client_id, "test", WallClock(), states.append), states


async def test_connects_recovers_and_is_ready(gateway: Gateway) -> None:
    link, states = a_link(gateway.broker())
    recoveries: list[Recovery] = []

    async def recover(recovery: Recovery) -> None:
        assert link.state.state is LinkState.RECONCILING
        recoveries.append(recovery)

    link.add_recovery(recover)
    await ready(link)
    assert [state.state for state in states] == [LinkState.CONNECTING, LinkState.RECONCILING, LinkState.READY]
    assert recoveries == [Recovery.NEW_SESSION]
    assert link.tradable_accounts == ("SIM0000001",)
    await link.close()
    assert link.state.state is LinkState.DISCONNECTED


async def test_says_when_it_tries_again_and_connects_when_the_gateway_appears(gateway: Gateway) -> None:
    await gateway.stop()
    link, _ = a_link(gateway.broker(retry_interval_s=0.3))
    link.start()
    await until(lambda: link.state.next_retry_time, "a retry announced")
    assert link.state.reason == "BROKER_UNREACHABLE"
    assert 0 < link.state.next_retry_time - wall_now() < 0.31e9
    with pytest.raises(Unavailable) as down:
        link.session()
    assert down.value.reason == "BROKER_DOWN"
    await gateway.start()
    await until(lambda: link.ready, "ready")
    await link.close()


async def test_retry_now_cuts_the_wait_short(gateway: Gateway) -> None:
    await gateway.stop()
    link, _ = a_link(gateway.broker(retry_interval_s=600.0))
    link.start()
    await until(lambda: link.state.next_retry_time, "a retry announced")
    await gateway.start()
    link.retry_now()
    await until(lambda: link.ready, "ready")
    await link.close()


async def test_a_busy_client_id_fails_at_once(gateway: Gateway) -> None:
    first, _ = a_link(gateway.broker())
    await ready(first)
    second, _ = a_link(gateway.broker(attempt_timeout_s=60.0))
    began = time.monotonic()
    second.start()
    await until(lambda: second.state.reason == "CLIENT_ID_IN_USE", "refused")
    assert time.monotonic() - began < 2.0
    await first.close()
    await until(lambda: second.ready, "ready once the id is free")
    await second.close()


async def test_a_mute_gateway_is_noticed_and_left(gateway: Gateway) -> None:
    link, states = a_link(gateway.broker())
    await ready(link)
    await gateway.admin("mute", ids=[49])
    await until(lambda: any(state.reason == "PROBE_TIMEOUT" for state in states), "the probe failed")
    await gateway.admin("mute", ids=[])
    await until(lambda: link.ready, "ready again")
    await link.close()


async def test_a_handshake_that_never_comes_times_out() -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link, _ = a_link(BrokerSettings(port=port, attempt_timeout_s=0.3))
    link.start()
    await until(lambda: link.state.reason == "CONNECT_TIMEOUT", "timed out")
    await link.close()
    server.close()


async def test_a_failed_recovery_ends_the_session_and_is_tried_again(gateway: Gateway) -> None:
    link, states = a_link(gateway.broker())
    tries: list[Recovery] = []

    async def recover(recovery: Recovery) -> None:
        tries.append(recovery)
        if len(tries) == 1:
            raise FailedPrecondition("positions differ", "POSITION_BREAK")

    link.add_recovery(recover)
    await ready(link)
    assert len(tries) == 2
    assert "POSITION_BREAK" in [state.reason for state in states]
    await link.close()


async def test_an_account_of_another_mode_latches_the_link_down(gateway: Gateway) -> None:
    link, states = a_link(gateway.broker(mode=BrokerMode.PAPER))
    link.start()
    await until(lambda: link.state.reason == "ACCOUNT_MODE_MISMATCH", "latched")
    assert link.state.next_retry_time == 0
    assert LinkState.READY not in [state.state for state in states]
    with pytest.raises(FailedPrecondition, match=r"SIM0000001 is a sim account and broker\.mode is paper"):
        link.retry_now()
    await link.close()


async def test_a_live_account_has_to_be_the_accepted_one(gateway: Gateway) -> None:
    link, _ = a_link(gateway.broker(mode=BrokerMode.LIVE, accept_live="U1234567"))
    link.start()
    await until(lambda: link.state.reason == "ACCOUNT_MODE_MISMATCH", "latched")
    await link.close()


def test_sim_mode_never_dials_a_real_port() -> None:
    broker = BrokerSettings().model_copy(update={"port": 7497})
    with pytest.raises(InvalidValue, match=r"broker.port: 7497"):
        IbLink(broker, 11, "test", WallClock())


async def test_two_position_requests_at_once_both_end(gateway: Gateway) -> None:
    link, _ = a_link(gateway.broker())
    accounts = AccountFeed(link)
    await ready(link)
    first, second, third = await asyncio.gather(*(accounts.positions() for _ in range(3)))
    assert first == second == third
    assert [(str(p.instrument.instrument_id), p.quantity, p.average_price) for p in first] == [
        ("GOOG 20160122 750 C", 20, Decimal("14.2"))
    ]
    await link.close()


async def test_an_unanswered_request_is_a_domain_error_and_its_session_ends(gateway: Gateway) -> None:
    """Asked again in the same session, a late answer would be taken for the next one's; never asked, all would wait."""
    link, states = a_link(gateway.broker(request_timeout_s=0.2))
    accounts = AccountFeed(link)
    await ready(link)
    await gateway.admin("mute", ids=[61])
    with pytest.raises(Unavailable) as silent:
        await accounts.positions()
    assert silent.value.reason == "REQUEST_TIMEOUT"
    await until(lambda: not link.ready, "down")
    assert "REQUEST_TIMEOUT" in [state.reason for state in states]
    await gateway.admin("mute", ids=[])
    await until(lambda: link.ready, "a new session")
    assert len(await accounts.positions()) == 1
    await link.close()


async def test_a_request_lost_in_an_outage_is_asked_by_a_new_session(gateway: Gateway) -> None:
    link, _ = a_link(gateway.broker(request_timeout_s=0.2))
    accounts = AccountFeed(link)
    await ready(link)
    await gateway.admin("fault", action="swallow_frame", messages=["reqPositions"])
    with pytest.raises(Unavailable):
        await accounts.positions()
    await until(lambda: not link.ready, "down")
    await until(lambda: link.ready, "a new session")
    assert len(await accounts.positions()) == 1
    await link.close()


async def test_account_values_and_live_positions(gateway: Gateway) -> None:
    link, _ = a_link(gateway.broker())
    seen: list[tuple[str, str]] = []
    accounts = AccountFeed(link, lambda p: seen.append((p.instrument.instrument_id, str(p.quantity))))
    await ready(link)
    values = {value.tag: value for value in await accounts.summary()}
    assert values["NetLiquidation"].account == "SIM0000001"
    assert float(values["NetLiquidation"].value) > 0
    await accounts.positions()
    seen.clear()
    await gateway.admin("seed_position", instrument_id="GOOG", quantity=-300, average_price=749.1)
    await until(lambda: ("GOOG", "-300") in seen, "the changed position")
    await link.close()


async def test_the_book_is_asked_by_a_new_session_after_a_restart(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    await gateway.start()
    link, _ = a_link(gateway.broker())
    accounts = AccountFeed(link)
    await ready(link)
    await gateway.stop()
    await until(lambda: not link.ready, "lost")
    with pytest.raises(Unavailable):
        await accounts.positions()
    await gateway.start()
    await until(lambda: link.ready, "back")
    assert len(await accounts.positions()) == 1
    await link.close()
    await gateway.stop()


async def test_a_connection_whose_restoration_is_never_said_is_made_anew(gateway: Gateway) -> None:
    link, states = a_link(gateway.broker(connectivity_lost_limit_s=0.3))
    await ready(link)
    await gateway.admin("error", code=1100, message="lost")
    await until(lambda: not link.ready, "1100")
    await until(lambda: link.ready, "a session that was told of no outage")
    said = [(state.state, state.reason) for state in states[3:]]
    assert said[:2] == [(LinkState.DISCONNECTED, "CONNECTIVITY_LOST")] * 2  # told so, and given up
    assert states[4].next_retry_time
    assert said[-1] == (LinkState.READY, "")
    await link.close()
