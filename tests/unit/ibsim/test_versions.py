"""Which server version each client is given."""

from __future__ import annotations

import pytest

from hedgerow.ibsim.versions import NEWEST, negotiate


@pytest.mark.parametrize(
    ("hello", "served"),
    [
        ("v100..157", 157),  # ibapi 9.81.1
        ("v157..176", 176),  # ib_insync 0.9.86
        ("v157..178", 178),  # ib_async 2.1.0
        ("v157..176 +PACEAPI", 176),
        ("v157..203", 178),
        ("v157..158", 157),
        ("v165", 165),
    ],
)
def test_serves_the_newest_in_common_but_never_158(hello: str, served: int) -> None:
    assert negotiate(hello) == served


@pytest.mark.parametrize("hello", ["v100..150", "v179..203", "", "157..176", "v1e3..2", "v158..158", "v" + "9" * 30])
def test_has_no_version_for_a_client_it_cannot_serve(hello: str) -> None:
    assert negotiate(hello) is None


def test_pins_an_older_version() -> None:
    assert negotiate("v157..176", newest=157) == 157
    assert negotiate("v157..176", newest=158) == 157
    assert negotiate("v157..178", newest=NEWEST) == 178
