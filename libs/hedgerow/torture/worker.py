"""A worker process: runs groups of cases, one after the other, and tells what came of each."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import traceback
from collections.abc import Awaitable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

from hedgerow.domain.errors import HedgerowError
from hedgerow.torture.plan import Group
from hedgerow.torture.registry import CaseFailed, Family, family_named
from hedgerow.torture.rig import Rig

CASE_LIMIT_S = 60.0
"""Wall seconds a case with processes may take; longer is a failure."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker says: cases done since it last spoke, how many were struck, failures as (number, detail)."""

    cases: int
    struck: int
    failures: tuple[tuple[int, str], ...]
    group_done: bool
    samples: tuple[tuple[str, float], ...] = ()


def work(connection: Connection, folder: str, processes: bool) -> None:
    """The process: groups come in by the connection until None; ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with Rig.start(folder, processes) as rig, asyncio.Runner() as runner:
        try:
            while (group := connection.recv()) is not None:
                one = family_named(group.family)
                if one.needs_world:
                    runner.run(_with_world(one, group, rig, connection))
                else:
                    connection.send(_pure(one, group, rig))
        except (EOFError, BrokenPipeError):
            pass  # the parent is gone
        finally:
            runner.run(rig.close())
    os._exit(0)  # threads of libraries are nobody's business here


def _pure(one: Family, group: Group, rig: Rig) -> Told:
    failures = []
    for number in range(group.first, group.count):
        try:
            one.run(group.case_seed(number), rig)
        except CaseFailed as error:
            failures.append((number, str(error)))
        except (HedgerowError, ArithmeticError, LookupError, TypeError, ValueError, AssertionError, RuntimeError):
            failures.append((number, traceback.format_exc()))
    return Told(group.count - group.first, group.count - group.first, tuple(failures), True)


async def _with_world(one: Family, group: Group, rig: Rig, connection: Connection) -> None:
    rig.new_world(group.seed)
    for number in range(group.count):
        rig.struck = False
        rig.samples.clear()
        failure = await _one(one, group.case_seed(number), rig)
        if failure:
            # what follows on a world where something went wrong proves nothing
            await rig.end_world()
            rig.new_world(group.seed)
        told = () if not failure else ((number, failure),)
        if number >= group.first:
            connection.send(Told(1, int(rig.struck), told, False, tuple(rig.samples)))
    await rig.end_world()
    connection.send(Told(0, 0, (), True))


async def _one(one: Family, seed: int, rig: Rig) -> str:
    """Why the case failed; empty when it did not."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(CASE_LIMIT_S):
            await cast(Awaitable[None], one.run(seed, rig))
    except CaseFailed as error:
        return f"{error}\n{rig.story()}"
    except TimeoutError:
        if time.monotonic() - started >= CASE_LIMIT_S:
            return f"not over after {CASE_LIMIT_S:g} s\n{rig.story()}"
        return traceback.format_exc()
    except (HedgerowError, ArithmeticError, LookupError, TypeError, ValueError, AssertionError, RuntimeError, OSError):
        return f"{traceback.format_exc()}\n{rig.story()}"
    return ""
