"""The right to write to the broker: the store with its lease, waited for where another process has it."""

from __future__ import annotations

import asyncio

from hedgerow.domain.egress import EgressCode, WriterMark
from hedgerow.domain.errors import FailedPrecondition
from hedgerow.ib.library import library
from hedgerow.rpc.lifetime import end_within
from hedgerow.rpc.process import HARD_LIMIT_S, ProcessContext
from hedgerow.rpc.standby import StandbyServer
from hedgerow.store.engine import Store, open_store
from hedgerow.store.lease import Lease, stand_by

ROLE = "execution"


async def open_as_writer(context: ProcessContext) -> Store | None:
    """The store with its writer's lock; None when the process was told to end while it waited for it.

    A second process waits where settings or `--standby` say so, warm: all is imported and configured, only the journal
    and the broker are left. Otherwise it is refused, as `open_store` says.
    """
    lease = context.settings.lease
    if not (context.standby or lease.standby):
        return open_store(context.store, ROLE)
    library()
    told: set[str] = set()

    def waiting(holder: str) -> None:
        if holder not in told:
            told.add(holder)
            context.log.info("standing by", writer=holder)

    async with StandbyServer(context.endpoint()):
        opening = asyncio.create_task(stand_by(context.store, ROLE, lease.seconds, waiting))
        ending = asyncio.create_task(context.stop.wait())
        await asyncio.wait((opening, ending), return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not opening.done():
            opening.cancel()
            return None
        return opening.result()


async def keep(lease: Lease) -> None:
    """Keeps the lease; once it is lost the process ends soon, whatever a silent server holds up."""
    try:
        await lease.keep()
    except FailedPrecondition:
        end_within(HARD_LIMIT_S)
        raise


class Writing:
    """Asked before a frame leaves: an order needs the lease; a cancel only that nobody else is known to have it."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease

    def last_look(self, order: bool) -> None:
        """Raises Unavailable (LEASE_LOST) for a frame that may not leave."""
        if order:
            self._lease.require()
        else:
            self._lease.require_unreplaced()

    def on_broker_error(self, request_id: int, code: int, text: str) -> None:
        """The guard may know of a newer writer before this process does."""
        if code == EgressCode.STALE_EPOCH:
            self._lease.end(text)


def mark_of(epoch: int, session: int) -> str:
    """The connect options of that session of this writer."""
    return str(WriterMark(ROLE, epoch, session))


def mark_beside(epoch: int, session: int) -> str:
    """The same for a connection beside the writer's own: never the first of its epoch.

    The guard takes an epoch's first session as the sign that its log has seen every frame of it.
    """
    return mark_of(epoch, session + 1)
