"""One question for all who ask before it is put, and the next for all who ask while it is under way."""

from __future__ import annotations

import asyncio

from hedgerow.domain.errors import Unavailable
from services.execution.together import Together


async def test_who_asks_while_a_question_is_under_way_gets_the_next_one_and_shares_it() -> None:
    gate, begun, asked = asyncio.Semaphore(0), asyncio.Event(), 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        number = asked
        begun.set()
        await gate.acquire()
        return number

    together = Together(ask)
    first = [asyncio.create_task(together()) for _ in range(3)]
    await begun.wait()
    later = [asyncio.create_task(together()) for _ in range(20)]
    await asyncio.sleep(0)
    later[0].cancel()
    gate.release()
    assert await asyncio.gather(*first) == [1, 1, 1]
    gate.release()
    assert await asyncio.gather(*later[1:]) == [2] * 19
    assert asked == 2
    gate.release()
    assert await together() == 3


async def test_what_it_raises_reaches_all_who_wait_and_the_next_is_asked_anew() -> None:
    answers = [Unavailable("no answer", "SILENT"), 7]

    async def ask() -> object:
        answer = answers.pop(0)
        if isinstance(answer, Unavailable):
            raise answer
        return answer

    together = Together(ask)
    told = await asyncio.gather(together(), together(), return_exceptions=True)
    assert [type(each) for each in told] == [Unavailable, Unavailable]
    assert await together() == 7
