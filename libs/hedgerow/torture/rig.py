"""What a case with processes works with: a nursery of service processes, a world, and their ends."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Rig:
    """One worker's; pure cases leave it alone."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.world_seed = 0

    @classmethod
    def start(cls, folder: str) -> Rig:
        """A rig whose processes live below `folder`; call it before any gRPC object exists."""
        return cls(folder)

    def new_world(self, seed: int) -> None:
        """What `world` makes next is new, and of this seed."""
        self.world_seed = seed

    async def end_world(self) -> None:
        """Ends the present world's processes and removes its folder."""

    async def close(self) -> None:
        """Ends everything."""

    def story(self) -> str:
        """What there is to read about a case that went wrong."""
        return ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        return None
