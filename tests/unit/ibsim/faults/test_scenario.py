"""Scenario files: what is accepted, what is refused and how it is said, and that every action is documented."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.ibsim.faults.model import market_time
from hedgerow.ibsim.faults.scenario import ACTIONS, read_fault, read_scenario
from hedgerow.ibsim.messages.ids import Reply, Request


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    return path


def test_a_file_of_faults(tmp_path: Path) -> None:
    first, second, third = read_scenario(
        written(
            tmp_path,
            """
            description: three
            faults:
              - {action: swallow_frame, on: {message: placeOrder, client: 11, nth: 2}}
              - {action: mute, messages: [orderStatus, 11], after_ms: 5}
              - {action: fragment, bytes: 3, at: "10:30:00"}
            """,
        )
    )
    assert first.on is not None
    assert (first.on.message, first.on.client, first.on.nth) == (Request.PLACE_ORDER, 11, 2)
    assert second.model_dump()["messages"] == (Reply.ORDER_STATUS, Reply.EXECUTION)
    assert third.model_dump()["size"] == 3
    assert read_scenario(written(tmp_path, "faults: []")) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faults: [{action: explode}]", r"faults\.0\.action: 'explode' is not allowed: one of .*; correct"),
        ("faults: [{ms: 3}]", r"faults\.0\.action: .* every fault names its action"),
        ("faults: [{action: latency}]", r"faults\.0\.ms: .* Field required"),
        ("faults: [{action: latency, ms: -1}]", r"faults\.0\.ms: -1 is not allowed: .*greater than 0"),
        ("faults: [{action: latency, ms: .nan}]", r"faults\.0\.ms: nan"),
        ("faults: [{action: latency, ms: 1, lag: 2}]", r"faults\.0\.lag: 2 is not allowed: Extra inputs"),
        ("faults: [{action: mute, messages: [orderState]}]", r"faults\.0\.messages\.0: 'orderState' .*not a message"),
        ("faults: [{action: mute, messages: []}]", r"faults\.0\.messages: "),
        ("faults: [{action: drop, on: {nth: 2}}]", r"faults\.0\.on: .*needs either message"),
        ("faults: [{action: drop, on: {message: placeOrder}, after_ms: 1}]", r"faults\.0: .*one trigger at most"),
        ("faults: [{action: drop, at: noon}]", r"faults\.0\.at: 'noon' is not allowed: a time"),
        ("faults: [{action: drop, at: '2024-03-04T10:00:00'}]", r"needs its zone"),
        ("faults: [{action: roll_back_ids, client: 1}]", r"either by or to"),
        ("faults: [{action: correct_execution}]", r"a price or a quantity"),
        ("faults: 3", r"faults: 3 is not allowed"),
        ("[1, 2]", r"scenario: \[1, 2\] is not allowed"),
        ("faults: [", r"scenario: .* is not allowed: YAML \(line 1: .*correct the file"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_key_value_rule_and_fix(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        read_scenario(written(tmp_path, text))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"scenario: .*absent\.yaml.* a readable text file"):
        read_scenario(tmp_path / "absent.yaml")


def test_one_fault_from_plain_values() -> None:
    assert read_fault({"action": "drop", "client": 3}).model_dump()["client"] == 3
    with pytest.raises(InvalidValue, match=r"^client: 'x' is not allowed: .*docs/simulated-gateway"):
        read_fault({"action": "drop", "client": "x"})


def test_market_times() -> None:
    day = dt.date(2024, 3, 4)
    half_past_ten = 1_709_566_200 * 10**9
    assert market_time("10:30", day) == market_time("10:30:00", day) == half_past_ten
    assert market_time("2024-03-04T10:30:00-05:00", dt.date(2000, 1, 1)) == half_past_ten
    assert market_time("2024-03-04T15:30:00.250000+00:00", day) == half_past_ten + 250_000_000


def test_every_action_is_in_the_documentation(repo_root: Path) -> None:
    _, text = (repo_root / "docs" / "simulated-gateway.md").read_text().split("### Actions")
    rows = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `")}
    assert set(ACTIONS) <= rows
    for name, action in ACTIONS.items():
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        fields = {field.alias or key for key, field in action.model_fields.items()}
        shared = {"action", "name", "on", "at", "after_ms", "client", "order_id", "order_ref", "times", "for_ms"}
        assert [key for key in sorted(fields - shared) if f"`{key}`" not in row and key not in row] == [], name
