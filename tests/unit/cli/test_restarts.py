"""What crashes is started again: bounded, with growing pauses, on record; what ends by itself is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hedgerow.cli.restarts import Policy, Restarts

POLICY = Policy(first_s=1.0, longest_s=4.0, most=4, window_s=60.0)


class Child:
    """A process that ends as the test says."""

    def __init__(self) -> None:
        self.ended: int | None = None

    def code(self) -> int | None:
        return self.ended

    def failure(self) -> str | None:
        return None if self.ended is None else f"risk ended with code {self.ended}: said something"


class World:
    """One child under the eyes of a supervisor with a clock of its own."""

    def __init__(self, record: Path) -> None:
        self.at, self.started, self.serves = 0.0, 0, False
        self.said: list[str] = []
        self.children = {"risk": Child()}
        self.record = record
        self.restarts = Restarts(
            self.children, self._start, lambda _: self.serves, self.said.append, record, POLICY, lambda: self.at
        )

    def _start(self, name: str) -> None:
        self.children[name] = Child()
        self.started += 1

    def crash(self, code: int = -9) -> None:
        self.children["risk"].ended = code
        self.restarts.look()

    def wait(self, seconds: float) -> int:
        """Looks at every tenth of a second; how often it was started meanwhile."""
        before = self.started
        for _ in range(round(seconds * 10)):
            self.at = round(self.at + 0.1, 1)
            self.restarts.look()
        return self.started - before

    @property
    def told(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.record.read_text()).get("risk", {})
        return found


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "supervisor.json")


def test_pauses_grow_and_the_last_crash_is_final(world: World) -> None:
    for pause in (1.0, 2.0, 4.0, 4.0):
        world.crash()
        assert world.restarts.mending("risk")
        assert world.wait(pause - 0.1) == 0
        assert world.wait(0.1) == 1
    world.crash()
    assert world.wait(600) == 0
    assert list(world.restarts.given_up) == ["risk"]
    assert not world.restarts.mending("risk")
    assert (world.told["state"], world.told["restarts"]) == ("given up", 4)
    assert "given up: 5 crashes within 60 s" in world.said[-1]


def test_crashes_long_ago_do_not_count(world: World) -> None:
    for _ in range(20):
        world.crash()
        assert world.wait(1.0) == 1
        world.wait(61)
    assert world.restarts.given_up == {}
    assert world.told["restarts"] == 20


def test_an_outage_lasts_until_it_serves_also_when_it_crashes_again_meanwhile(world: World) -> None:
    world.crash()
    world.wait(1.5)
    assert world.told["state"] == "starts again"
    world.crash()
    world.wait(2.5)
    world.serves = True
    world.restarts.look()
    assert world.told["state"] == "runs"
    assert world.told["recovery_s"] == pytest.approx(4.0)
    assert not world.restarts.mending("risk")
    assert "serves again after 4.0 s" in world.said[-1]


def test_who_ended_by_itself_stays_ended(world: World) -> None:
    world.children["risk"].ended = 0
    assert world.restarts.look() == ["risk"]
    assert world.wait(60) == 0
    assert world.told == {}
