"""What a case with processes works with: a nursery of service processes, a world, and their ends."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hedgerow.torture.nursery import Nursery

if TYPE_CHECKING:
    from hedgerow.torture.world import World

PORTS = ("execution", "risk", "market-data", "portfolio", "control", "guard", "guard-ib", "first", "second")
"""Processes, the guard's side to execution, and the doors of two executions behind one address."""


class Rig:
    """One worker's; pure cases leave it alone."""

    def __init__(self, folder: Path, nursery: Nursery | None) -> None:
        self._folder = folder
        self._nursery = nursery
        self._numbers = itertools.count(1)
        self._ports: dict[str, int] = {}
        self._world: World | None = None
        self.world_seed = 0
        self.samples: list[tuple[str, float]] = []
        """What the case measured, by name; seconds."""
        self.struck = False
        """Whether the case's fault came to pass: a failpoint that was never reached attacked nothing."""

    @classmethod
    def start(cls, folder: str, processes: bool = True) -> Rig:
        """A rig whose files lie below `folder`; with `processes`, call it before any gRPC object exists."""
        return cls(Path(tempfile.mkdtemp(dir=folder)), Nursery() if processes else None)

    def new_world(self, seed: int) -> None:
        """What `world` makes next is new, and of this seed; the present one must have ended."""
        self.world_seed = seed

    async def world(self, *processes: str, guarded: bool = False, **gateway: Any) -> World:
        """The group's world, made for its first case: gateway, tap and these processes, execution and risk if none.

        `guarded`: the egress guard stands before the tap, and an execution that finds another one stands by.
        """
        from hedgerow.cli.ports import free_ports  # noqa: PLC0415 (only where there are processes)
        from hedgerow.torture.market import write_quotes  # noqa: PLC0415
        from hedgerow.torture.world import World  # noqa: PLC0415

        if self._world is None:
            assert self._nursery is not None, "this rig was made for pure cases"
            if not self._ports:
                self._ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
            folder = self._folder / f"w{next(self._numbers)}"
            tape = write_quotes(self._folder / "quotes.parquet")
            self._world = World(folder, tape, self._nursery, self._ports, guarded, **gateway)
            await self._world.start(*processes)
        await self._world.next_case()
        return self._world

    async def end_world(self) -> None:
        """Ends the present world's processes and removes its folder."""
        world, self._world = self._world, None
        if world is not None:
            await world.close()
            shutil.rmtree(world.folder, ignore_errors=True)

    async def close(self) -> None:
        """Ends everything."""
        await self.end_world()

    def story(self) -> str:
        """What there is to read about a case that went wrong."""
        return "" if self._world is None else self._world.story()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._nursery is not None:
            self._nursery.close()
        shutil.rmtree(self._folder, ignore_errors=True)
