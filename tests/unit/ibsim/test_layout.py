"""Message layouts per server version."""

from __future__ import annotations

import pytest

from hedgerow.ibsim.codec import MalformedFrame, split
from hedgerow.ibsim.messages.layout import Layout, Reader, whole
from hedgerow.ibsim.messages.order_in import place_order
from hedgerow.ibsim.messages.order_out import COMPLETED_ORDER, EXECUTION, OPEN_ORDER
from hedgerow.ibsim.messages.replies import CONTRACT_DETAILS, ERROR


def count(layout: Layout, version: int) -> int:
    return len(split(layout.encode(version, {})[4:]))


def test_gates_fields_by_version() -> None:
    layout = Layout("id=9 old=1@-164 new=2@164 short=3@163@-164")
    assert split(layout.encode(157, {})[4:]) == ["9", "1"]
    assert split(layout.encode(163, {})[4:]) == ["9", "1", "3"]
    assert split(layout.encode(164, {"new": 7})[4:]) == ["9", "7"]


def test_field_counts_are_what_the_clients_unpack() -> None:
    # Counted in the decoders of the three clients.
    assert [count(ERROR, v) for v in (157, 166)] == [5, 6]
    assert [count(EXECUTION, v) for v in (157, 176, 178)] == [31, 31, 32]
    assert count(OPEN_ORDER, 176) - count(OPEN_ORDER, 157) == 8
    assert count(OPEN_ORDER, 178) - count(OPEN_ORDER, 176) == -1
    assert count(COMPLETED_ORDER, 176) - count(COMPLETED_ORDER, 157) == 5
    assert count(COMPLETED_ORDER, 178) - count(COMPLETED_ORDER, 176) == -1
    assert [count(CONTRACT_DETAILS, v) for v in (157, 163, 164)] == [39, 40, 40]


def test_decodes_blocks_between_fields() -> None:
    def tail(reader: Reader, got: dict[str, str], version: int) -> None:
        got["tail"] = ",".join(reader.take(reader.count()))

    layout = Layout("id", tail, "last@160")
    assert layout.decode(["5", "2", "a", "b", "z"], 160) == {"id": "5", "tail": "a,b", "last": "z"}
    assert layout.decode(["5", "0"], 157) == {"id": "5", "tail": ""}


@pytest.mark.parametrize("fields", [["5"], ["5", "3", "a"], ["5", "-1"], ["5", "x"]])
def test_refuses_a_message_that_is_too_short_or_miscounted(fields: list[str]) -> None:
    def tail(reader: Reader, got: dict[str, str], version: int) -> None:
        reader.take(reader.count())

    with pytest.raises(MalformedFrame):
        Layout("id", tail).decode(fields, 157)


def test_place_order_is_consumed_to_its_last_field() -> None:
    with pytest.raises(MalformedFrame, match="are known at server version 157"):
        place_order([""] * 500, 157)
    with pytest.raises(MalformedFrame, match="are needed"):
        place_order(["3", "1"], 157)


def test_whole_names_the_field() -> None:
    assert whole("", "size") == 0
    with pytest.raises(MalformedFrame, match="size: 'ten' is not a whole number"):
        whole("ten", "size")
