"""Tasks that live and die together: the end of the main one ends all, and so does anyone's failure."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.rpc.together import run_together


class Beside:
    """A task that runs until it is cancelled."""

    def __init__(self) -> None:
        self.state = "new"

    async def run(self) -> None:
        self.state = "running"
        try:
            await asyncio.Event().wait()
        finally:
            self.state = "ended"


async def after_others(error: Exception | None = None) -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if error is not None:
        raise error


async def test_the_end_of_the_main_one_ends_all() -> None:
    beside = Beside()
    await run_together(after_others(), beside.run())
    assert beside.state == "ended"


async def test_one_that_ends_by_itself_ends_nothing() -> None:
    ended = asyncio.Event()

    async def main() -> None:
        await ended.wait()
        await after_others()

    async def short() -> None:
        ended.set()

    beside = Beside()
    await run_together(main(), short(), beside.run())
    assert beside.state == "ended"


@pytest.mark.parametrize("failing", ["main", "beside"])
async def test_a_failure_ends_all_and_is_raised_as_it_is(failing: str) -> None:
    beside = Beside()
    error = InvalidValue("port", 1, "free")
    tasks = [after_others(error), Beside().run()]
    if failing == "beside":
        tasks.reverse()
    with pytest.raises(InvalidValue) as raised:
        await run_together(*tasks, beside.run())
    assert raised.value is error
    assert beside.state == "ended"


async def test_cancelling_it_cancels_all() -> None:
    main, beside = Beside(), Beside()
    whole = asyncio.create_task(run_together(main.run(), beside.run()))
    await after_others()
    whole.cancel()
    await asyncio.wait([whole])
    assert (main.state, beside.state, whole.cancelled()) == ("ended", "ended", True)
