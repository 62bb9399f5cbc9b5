"""The page of a system without a broker: an API key, two strategies, a wait that says until when."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, expect

from hedgerow.cli.ports import free_ports
from tests.browser.tab import Tab
from tests.system import STRATEGY, System, until

pytestmark = pytest.mark.timeout(300)
KEY = "correct-horse-battery"
SECOND = "second"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Two strategies, no broker, and a gateway that asks for a key."""
    folder: Path = tmp_path_factory.mktemp("waiting")
    names = [STRATEGY, SECOND]
    strategies = [
        {"name": name, "kind": "gamma_scalper", "account": "SIM0000001", "underlying": {"symbol": "SIMX"}}
        for name in names
    ]
    config = folder / "two.yaml"
    config.write_text(yaml.safe_dump({"strategies": strategies}))
    port, metrics = free_ports(2)
    sets = (f'endpoints.strategy-{SECOND}={{"port": {port}, "metrics_port": {metrics}}}',)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEDGEROW_API_KEY", KEY)
        with System(folder / "home", "--config", str(config), sets=sets) as system:
            yield system


def enter(tab: Tab, key: str) -> None:
    """Answers the page's question for the key."""
    dialog = tab.find("dialog")
    dialog.locator("input[name=key]").fill(key)
    dialog.locator("button[type=submit]").click()


def test_the_key_is_asked_for_and_a_wrong_one_again(waiting: System, browser: Browser) -> None:
    with Tab(browser, waiting.http, outages=True) as tab:
        expect(tab.find("dialog")).to_contain_text("asks for its API key")
        assert tab.find("#lamp").get_attribute("data-lamp") in ("none", "red")
        enter(tab, "wrong-horse-battery")
        expect(tab.find("dialog")).to_contain_text("refused that key")
        enter(tab, KEY)
        expect(tab.find("dialog")).to_have_count(0)
        tab.await_state("live")
        tab.page.reload()
        tab.await_state("live")  # the tab remembers it
        expect(tab.find("dialog")).to_have_count(0)
        assert not [url for url in tab.asked if KEY in url]


def test_waiting_for_the_broker_is_yellow_and_says_until_when(waiting: System, browser: Browser) -> None:
    with Tab(browser, waiting.http, outages=True) as tab:
        enter(tab, KEY)
        tab.await_lamp("yellow")
        expect(tab.find("#lamp")).to_contain_text("WAITING_IB")
        expect(tab.find("#daemon-state")).to_have_text("WAITING_IB")
        expect(tab.find("#fact-next-retry .value")).to_have_text(re.compile(r"^retry in \d"))
        expect(tab.find("#positions")).to_contain_text("No positions")
        tab.command("retry_ib", "try now")
        tab.await_outcome("Retry broker")


def test_each_strategy_can_be_chosen_and_is_named_by_the_question(waiting: System, browser: Browser) -> None:
    with Tab(browser, waiting.http, outages=True) as tab:
        enter(tab, KEY)
        tab.await_state("live")
        for name in (SECOND, STRATEGY):
            tab.find("#strategy").select_option(name)
            expect(tab.find("#about")).to_contain_text(f"{name}-")
            tab.find("#control-pause").click()
            expect(tab.find("dialog h2")).to_have_text(f"Pause {name}?")
            tab.page.keyboard.press("Escape")
        tab.find("#strategy").select_option(SECOND)
        tab.command("pause", "only the second")
        tab.await_outcome(SECOND)
    commands = waiting.query("control", "select strategy from commands where reason = 'only the second'")
    assert [each["strategy"] for each in commands] == [SECOND]


def test_text_of_a_server_is_text(waiting: System, browser: Browser) -> None:
    reason = "<img src=x onerror=alert(1)>"
    with Tab(browser, waiting.http, outages=True) as tab:
        enter(tab, KEY)
        tab.await_state("live")
        tab.command("pause", reason)
        tab.await_outcome()
        expect(tab.find("#commands")).to_contain_text(reason)
        expect(tab.find("#page img")).to_have_count(0)


def test_the_dashboard_command_names_the_gateway_and_then_serves_the_record(waiting: System, browser: Browser) -> None:
    done = waiting.run("dashboard", "live", "--no-open")
    assert done.stdout.strip().rstrip("/") == waiting.http
    assert waiting.end() == 0
    page = waiting.spawn("dashboard", "live", "--no-open")
    try:
        log = waiting.home / "spawned.log"
        found = until(lambda: re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()), "the address of the record")
        with Tab(browser, found[0]) as tab:
            tab.await_state("recorded")
            expect(tab.find("#lamp")).to_contain_text("the lamp was yellow")
            assert tab.find("#strategy").is_enabled()
        page.send_signal(signal.SIGINT)
        assert page.wait(10) == 0
    finally:
        page.kill()
        page.wait()
