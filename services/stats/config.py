"""What stats is configured with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class StatsConfig(BaseModel):
    """`concurrent_reads`: how many answers may be folded at a time; each may hold a whole history in memory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrent_reads: int = Field(default=1, ge=1)
