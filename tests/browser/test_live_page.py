"""The page on a running system: what it shows, and that its buttons do what they say. The tests follow each other."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from hedgerow.ibsim.wirelog import OrderFrame, orders
from tests.browser.tab import Tab
from tests.system import System, until

pytestmark = pytest.mark.timeout(300)
MINUS = "\N{MINUS SIGN}"
FOCUS_INSIDE = """() => document.querySelector('dialog').contains(document.activeElement)
    || document.activeElement === document.body"""


def sent(system: System) -> list[OrderFrame]:
    """Orders at the byte tap."""
    return list(orders(system.state.wire_log))


def await_orders(system: System, more: int) -> None:
    began = len(sent(system))
    until(lambda: len(sent(system)) >= began + more, f"{more} more orders at the byte tap", 90)


def quiet_since(system: System, moment: int, seconds: float) -> None:
    """No order frame for so long after `moment`, wall ns, while the market plays on."""
    until(lambda: time.time_ns() > moment + seconds * 1e9, f"{seconds} s", 2 * seconds)
    assert [frame for frame in sent(system) if frame.record.wall_ns > moment] == []


def shares(system: System) -> float:
    """The strategy's own stock position as execution holds it."""
    rows = system.query("execution", "select quantity, instrument from positions where strategy = ?", system.strategy)
    return sum(float(row["quantity"]) for row in rows if " " not in row["instrument"])


def test_tc_3_r_m6_3_positions_show_price_profit_and_moneyness(eager: System, browser: Browser) -> None:
    await_orders(eager, 1)
    with Tab(browser, eager.http) as tab:
        tab.await_state("live")
        options = tab.find("#positions tr[data-instrument$=' C'], #positions tr[data-instrument$=' P']")
        expect(options).to_have_count(2)
        expect(tab.find("#positions td[data-moneyness]")).to_have_count(2)
        for row in options.all():
            instrument, owner, quantity, average, price, profit, moneyness = row.locator("td").all_inner_texts()
            assert owner == eager.strategy
            assert quantity == "+20"
            assert float(average) > 0
            assert float(price) > 0
            assert re.fullmatch(rf"[+{MINUS}]?[\d,]+\.\d\d", profit), profit
            label, percent, _ = moneyness.split(" ")
            percent = float(percent.replace(MINUS, "-"))
            strike = float(instrument.split(" ")[2])
            above = (eager.snapshot()["spot"] / strike - 1) * 100 * (1 if instrument.endswith("C") else -1)
            assert abs(percent - above) < 0.5
            assert label == ("ATM" if abs(percent) <= 0.5 else "ITM" if percent > 0 else "OTM")
        stock = tab.find("#positions tr[data-instrument='SIMX']")
        expect(stock.locator("td").nth(4)).to_have_text(re.compile(r"^\d+\.\d\d$"))


def test_lamp_states_account_greeks_chart_operations_and_decisions_show(eager: System, browser: Browser) -> None:
    with Tab(browser, eager.http) as tab:
        tab.await_lamp("green", "yellow")
        expect(tab.find(".lamp-title")).to_have_text(re.compile("^(Green|Yellow)"))
        expect(tab.find("#daemon-state")).to_have_text("RUNNING")
        expect(tab.find("#trading-state")).to_have_text("ACTIVE")
        expect(tab.find("#composite-o")).to_have_text("LONG_GAMMA")
        expect(tab.find("#account")).to_contain_text("SIM0000001")
        expect(tab.find("#account")).to_contain_text("10,000,000.00 USD")
        expect(tab.find("#fact-heartbeat .value")).to_have_text(re.compile(r"^\d.* ago$"))
        expect(tab.find("#fact-last-ack .value")).to_have_text(re.compile(r"^\d.* ago$"))
        expect(tab.find("#about")).to_contain_text(eager.snapshot()["config_hash"][:16])
        expect(tab.find("#services li[data-serving=true]")).to_have_count(len(eager.settings.endpoints) - 1)
        expect(tab.find("#greeks tbody tr")).to_have_count(4)
        expect(tab.find("#chart canvas").first).to_be_visible()
        expect(tab.find("#chart")).to_have_attribute("data-points", re.compile(r"^[1-9]\d+$"))
        expect(tab.find("#chart")).to_have_attribute("data-hedges", re.compile(r"^[1-9]"))
        expect(tab.find("#operations tr[data-type=FILL]").first).to_be_visible()
        expect(tab.find("#decision-list li").nth(2)).to_be_visible()
        expect(tab.find("#decision-list li[data-intent]").first).to_contain_text("hedge sent")
        expect(tab.find(".gates li[data-verdict=PASS]").first).to_be_visible()


def test_greeks_of_the_legs_add_up(eager: System) -> None:
    snapshot = eager.snapshot()
    legs = snapshot["leg_greeks"].values()
    for name, total in (("delta", "option_delta"), ("gamma", "gamma"), ("vega", "vega"), ("theta", "theta")):
        assert sum(leg[name] for leg in legs) == pytest.approx(snapshot[total])


def test_decisions_and_points_arrive_live(eager: System, browser: Browser) -> None:
    with Tab(browser, eager.http) as tab:
        tab.await_state("live")
        expect(tab.find("#chart")).to_have_attribute("data-points", re.compile(r"^[1-9]\d+$"))
        points = int(tab.find("#chart").get_attribute("data-points") or 0)
        said = tab.find("#why-not").inner_text()
        tab.page.wait_for_function("n => Number(document.querySelector('#chart').dataset.points) > n", arg=points)
        expect(tab.find("#why-not")).not_to_have_text(said)


def test_a_decision_of_earlier_can_be_looked_at(eager: System, browser: Browser) -> None:
    with Tab(browser, eager.http) as tab:
        line = tab.find("#decision-list li[data-intent] button").first
        line.click()
        expect(tab.find("#why-not")).to_contain_text("hedge sent")
        tab.page.get_by_role("button", name="Show newest").click()
        expect(tab.find("#decision-list [aria-current]")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 768, 1440])
def test_nothing_overflows_in_light_and_dark(eager: System, browser: Browser, scheme: str, width: int) -> None:
    with Tab(browser, eager.http, viewport={"width": width, "height": 812}, color_scheme=scheme) as tab:
        tab.await_state("live")
        expect(tab.find("#operations tbody tr").first).to_be_attached()
        expect(tab.find("#positions tbody tr").first).to_be_visible()
        tab.no_overflow()
        ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = sum(map(int, re.findall(r"\d+", ground)[:3])) > 384
        assert light == (scheme == "light")
        tab.find("#control-stop").click()
        tab.no_overflow()
        tab.page.keyboard.press("Escape")


def test_the_theme_can_be_chosen_and_stays(eager: System, browser: Browser) -> None:
    with Tab(browser, eager.http, color_scheme="light") as tab:
        for expected in ("light", "dark"):
            tab.find("#theme").click()
            expect(tab.find("html")).to_have_attribute("data-theme", expected)
        tab.page.reload()
        expect(tab.find("html")).to_have_attribute("data-theme", "dark")


def test_cancel_and_escape_send_nothing(eager: System, browser: Browser) -> None:
    with Tab(browser, eager.http) as tab:
        tab.await_state("live")
        tab.command("stop", "not meant", confirm=False)
        tab.find("#control-stop").click()
        tab.page.keyboard.press("Escape")
        expect(tab.find("dialog")).to_have_count(0)
        expect(tab.find("#control-stop")).to_be_focused()
        assert not [url for url in tab.asked if "/control/" in url]
    assert eager.query("control", "select count(*) as n from commands where reason = 'not meant'")[0]["n"] == 0


def test_tc_5_r_c2_pause_by_keyboard_alone_stops_orders(eager: System, browser: Browser) -> None:
    await_orders(eager, 1)
    with Tab(browser, eager.http) as tab:
        tab.await_state("live")
        for _ in range(20):
            tab.page.keyboard.press("Tab")
            if tab.page.evaluate("document.activeElement.id") == "control-pause":
                break
        outline = tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"
        tab.page.keyboard.press("Enter")
        dialog = tab.find("dialog")
        expect(dialog).to_contain_text(f"Pause {eager.strategy}?")
        for _ in range(8):
            tab.page.keyboard.press("Tab")
            assert tab.page.evaluate(FOCUS_INSIDE), "the focus left the dialog"
        dialog.locator("input[name=reason]").focus()
        tab.page.keyboard.type("lunch")
        tab.page.keyboard.press("Enter")
        tab.await_outcome("Pause")
        tab.await_lamp("yellow")
        expect(tab.find("#lamp")).to_contain_text("PAUSED")
        expect(tab.find("#commands li").first).to_contain_text("lunch")
        command = eager.query("control", "select * from commands where reason = 'lunch'")
        assert len(command) == 1
        paused = time.time_ns()
        said = tab.find("#why-not").inner_text()
        quiet_since(eager, paused, 8)
        expect(tab.find("#why-not")).not_to_have_text(said)  # monitoring goes on
        expect(tab.find("#decision-list li[data-reason=PAUSED]").first).to_be_attached()


def test_resume_hedges_again(eager: System, browser: Browser) -> None:
    with Tab(browser, eager.http) as tab:
        tab.await_lamp("yellow")
        tab.command("resume", "back")
        tab.await_outcome("Resume")
        expect(tab.find("#lamp")).not_to_contain_text("PAUSED")
        await_orders(eager, 1)


def test_refresh_accounts_fetches_anew(eager: System, browser: Browser) -> None:
    before = eager.query("portfolio", "select fetched_ns from accounts")[0]["fetched_ns"]
    with Tab(browser, eager.http) as tab:
        tab.await_state("live")
        tab.command("refresh_accounts", "now")
        tab.await_outcome("Refresh accounts")
        until(lambda: eager.query("portfolio", "select fetched_ns from accounts")[0]["fetched_ns"] > before, "a fetch")
        expect(tab.find("#account")).to_contain_text(re.compile(r"· \d+(\.\d)? s ago"))


def test_the_lamp_turns_red_when_the_daemon_is_killed_and_back(eager: System, browser: Browser) -> None:
    assert eager.process is not None
    with Tab(browser, eager.http, outages=True) as tab:
        tab.await_lamp("green", "yellow")
        eager.process.send_signal(signal.SIGSTOP)  # nobody starts it again meanwhile
        try:
            os.kill(eager.pid(eager.daemon), signal.SIGKILL)
            tab.await_lamp("red", limit_ms=10_000)
            expect(tab.find("#lamp")).to_contain_text("HEARTBEAT_MISSING")
            expect(tab.find(".lamp-title")).to_have_text(re.compile("^Red"))
            expect(tab.find("[role=status]").first).to_contain_text("Red")
        finally:
            eager.process.send_signal(signal.SIGCONT)
        tab.await_lamp("green", "yellow", limit_ms=90_000)


def test_a_gateway_that_goes_leaves_no_old_lamp_and_comes_back(eager: System, browser: Browser) -> None:
    assert eager.process is not None
    with Tab(browser, eager.http, outages=True) as tab:
        tab.await_lamp("green", "yellow")
        eager.process.send_signal(signal.SIGSTOP)
        try:
            os.kill(eager.pid("gateway"), signal.SIGKILL)
            tab.await_state("lost")
            tab.await_lamp("red")
            expect(tab.find("#lamp")).to_contain_text("disconnected since")
            expect(tab.find("#lamp")).to_contain_text("values below are old")
            expect(tab.find("#lamp")).not_to_contain_text("Green")
            assert "grayscale" in tab.page.evaluate("getComputedStyle(document.querySelector('.facts')).filter")
        finally:
            eager.process.send_signal(signal.SIGCONT)
        tab.await_state("live")
        tab.await_lamp("green", "yellow")
        expect(tab.find("#decision-list li").first).to_be_visible()


def test_one_static_file_says_the_same_and_asks_nobody(eager: System, browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    done = eager.run("dashboard", "live", "--output", str(file))
    assert done.returncode == 0, done.stderr
    with Tab(browser, file.as_uri(), offline=True) as tab:
        tab.await_state("recorded")
        expect(tab.find(".lamp-title")).to_have_text("Recorded · not live")
        assert tab.find("#lamp").get_attribute("data-lamp") == "none"
        expect(tab.find("#positions td[data-moneyness]")).to_have_count(2)
        expect(tab.find("#chart")).to_have_attribute("data-points", re.compile(r"^[1-9]\d+$"))
        expect(tab.find("#operations tr[data-type=FILL]").first).to_be_visible()
        expect(tab.find("#decision-list li").first).to_be_visible()
        expect(tab.find("#controls")).to_have_count(0)
        assert tab.asked == [file.as_uri()]
        tab.no_overflow()


def test_tc_5_r_c3_flatten_ends_flat(eager: System, browser: Browser) -> None:
    until(lambda: shares(eager) != 0, "a stock position", 90)
    with Tab(browser, eager.http) as tab:
        tab.await_state("live")
        tab.command("flatten", "going home")
        tab.await_outcome("Flatten", limit_ms=90_000)
        until(lambda: shares(eager) == 0, "no stock position", 30)
        expect(tab.find("#lamp")).to_contain_text("FLATTENED")
        flat = time.time_ns()
        quiet_since(eager, flat, 5)
        assert shares(eager) == 0
        options = tab.find("#positions td[data-moneyness]")
        expect(options).to_have_count(2)


def test_stop_ends_the_daemon_alone(eager: System, browser: Browser) -> None:
    with Tab(browser, eager.http, outages=True) as tab:
        tab.await_state("live")
        tab.command("stop", "the day is over")
        tab.await_outcome("Stop")
        tab.await_lamp("yellow")
        expect(tab.find("#lamp")).to_contain_text("STOPPED_BY_OPERATOR")
        expect(tab.find("#daemon-state")).to_have_text("STOPPED")
        expect(tab.find("#control-stop")).to_be_disabled()
        expect(tab.find("#control-pause")).to_be_enabled()
        expect(tab.find("#services li[data-serving=true]")).not_to_have_count(0)
        expect(tab.find("#positions td[data-moneyness]")).to_have_count(2)
