"""One named scenario: what it does, which public complaint it stands for, and what nobody has verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hedgerow.conformance.world import World

UNVERIFIED = "nothing was compared with a real TWS or IB Gateway"
Run = Callable[[World], None]


@dataclass(frozen=True)
class Scenario:
    """`run` raises when the gateway or the client does otherwise than `about` says.

    `complaint` is the public bug it corresponds to, empty for plain conduct; `simulated` says what the
    simulated gateway does to show it; `unverified` what a real one might do otherwise.
    """

    name: str
    about: str
    run: Run
    complaint: str = ""
    simulated: str = ""
    unverified: str = UNVERIFIED

    @property
    def detail(self) -> str:
        """The scenario in words, one labelled line each."""
        lines = [self.about]
        for label, text in (("complaint", self.complaint), ("simulated", self.simulated)):
            if text:
                lines.append(f"{label}: {text}")
        return "\n".join([*lines, f"unverified: {self.unverified}"])


class Scenarios(list[Scenario]):
    """A module's scenarios in the order they are written."""

    def conduct(self, run: Run) -> Run:
        """Register a scenario of plain conduct."""
        self._register(run, "", "the whole exchange", UNVERIFIED)
        return run

    def public_bug(self, complaint: str, *, simulated: str, unverified: str = UNVERIFIED) -> Callable[[Run], Run]:
        """Register a scenario that shows a known bug of a library or gateway, or that its work-around holds."""

        def register(run: Run) -> Run:
            self._register(run, complaint, simulated, unverified)
            return run

        return register

    def _register(self, run: Run, complaint: str, simulated: str, unverified: str) -> None:
        about = " ".join((run.__doc__ or "").split())
        if not about:
            raise ValueError(f"{run.__name__}: a scenario says in its docstring what it shows")
        self.append(Scenario(run.__name__, about, run, complaint, simulated, unverified))
