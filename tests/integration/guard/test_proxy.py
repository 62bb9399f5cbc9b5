"""What passes the guard and what does not, seen from the gateway's side of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow import failpoints
from hedgerow.domain.egress import EgressCode
from hedgerow.guard.frames import PREFIX, FrameKind, framed
from tests.integration.guard.rig import KILL, ORDERS, OTHER, GuardRig, cancel, order
from tests.integration.service_process import until


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GuardRig]:
    rig = await GuardRig(tmp_path).start()
    try:
        yield rig
    finally:
        failpoints.arm("")
        await rig.close()


async def passed(rig: GuardRig, count: int) -> list[list[str]]:
    await until(lambda: len(rig.gateway.orders()) >= count, f"{count} order frames at the gateway")
    return rig.gateway.orders()


async def test_frames_pass_in_order_and_each_is_in_the_log_before(rig: GuardRig) -> None:
    client = await rig.connect()
    client.send(*order(1))
    client.send(*order(1))
    client.send(*cancel(1))
    client.send(5, 1)
    client.send(*order(2))
    client.send(58, 1)
    got = await passed(rig, 5)
    assert [fields[:2] for fields in got] == [["3", "1"], ["3", "1"], ["4", "1"], ["3", "2"], ["58", "1"]]
    first, second = rig.log.ledger.frames("hr-1"), rig.log.ledger.frames("hr-2")
    assert [frame.kind for frame in first] == [FrameKind.NEW, FrameKind.MODIFY, FrameKind.CANCEL]
    assert [(frame.epoch, frame.client_id, frame.order_id) for frame in second] == [(1, ORDERS, 2)]


async def test_the_gateway_never_sees_the_mark(rig: GuardRig) -> None:
    await rig.connect(options="+PACEAPI hedgerow=execution/1/1 x")
    assert rig.gateway.offers == ["v157..176 +PACEAPI x"]


async def test_a_modify_after_a_restart_is_told_from_a_new_order(rig: GuardRig) -> None:
    client = await rig.connect()
    client.send(*order(1))
    await passed(rig, 1)
    await rig.restart()
    client = await rig.connect(session=2)
    client.send(*order(1))
    await passed(rig, 2)
    assert [frame.kind for frame in rig.log.ledger.frames("hr-1")] == [FrameKind.NEW, FrameKind.MODIFY]


async def test_frames_cut_into_single_bytes(rig: GuardRig) -> None:
    client = await rig.dial()
    offer = PREFIX + framed(b"v157..176 hedgerow=execution/1/1")
    start = framed(b"71\x002\x0010\0\0")
    frames = b"".join(framed(b"".join(str(f).encode() + b"\0" for f in each)) for each in (order(1), cancel(1)))
    for byte in offer:
        client.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert (await client.frame() or [""])[0] == "176"
    for byte in start + frames:
        client.writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert [fields[0] for fields in await passed(rig, 2)] == ["3", "4"]


@pytest.mark.parametrize(
    "bytes_",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        PREFIX + b"\0\0\0\0",
        PREFIX + b"\x7f\xff\xff\xff",
        PREFIX + framed(b"w157..176"),
        PREFIX + framed(b"v157..201 hedgerow=execution/1/1"),
        PREFIX + framed(b"v157..176 hedgerow=execution/0/1"),
        PREFIX + framed(b"v157..176 hedgerow=execution/1/1 hedgerow=execution/2/1"),
    ],
)
async def test_a_connection_that_does_not_speak_the_protocol_reaches_nobody(rig: GuardRig, bytes_: bytes) -> None:
    client = await rig.dial()
    client.writer.write(bytes_)
    assert await client.ended()
    assert rig.gateway.connections == 0


@pytest.mark.parametrize(
    "payload",
    [b"3\x00x\0", b"3\x001\0", b"03\x001\0", b"+3\x001\0", b" 3\0", b"\0", b"3", b"3\x00\xff\0", b"4\x001\x00x\0"],
)
async def test_a_malformed_frame_ends_the_connection(rig: GuardRig, payload: bytes) -> None:
    client = await rig.connect()
    client.writer.write(framed(payload))
    client.send(*order(1))
    assert await client.ended()
    await until(lambda: not rig.gateway.open, "the gateway's side is closed")
    assert rig.gateway.orders() == []


async def test_an_oversized_frame_is_refused_when_it_is_announced(rig: GuardRig) -> None:
    client = await rig.connect()
    client.writer.write((2 << 20).to_bytes(4, "big"))
    assert (await client.error())[1] == EgressCode.REFUSED
    assert await client.ended()


async def test_an_order_owning_id_needs_a_mark(rig: GuardRig) -> None:
    for client_id in (ORDERS, KILL):
        client = await rig.connect(options="", client_id=client_id)
        assert (await client.error())[1] == EgressCode.REFUSED
    plain = await rig.connect(options="", client_id=OTHER)
    plain.send(61, 1)
    await until(lambda: any(fields == ["61", "1"] for _, fields in rig.gateway.frames), "a request passes")
    plain.send(*order(1))
    assert await plain.ended()
    assert rig.gateway.orders() == []


async def test_an_older_epoch_is_cut_before_a_newer_one_is_let_in(rig: GuardRig) -> None:
    old = await rig.connect(epoch=4)
    old.send(*order(1))
    await passed(rig, 1)
    new = await rig.connect(epoch=5)
    old.send(*order(2))
    _, code, text = await old.error()
    assert (code, "epoch 4 of execution is over" in text) == (EgressCode.STALE_EPOCH, True)
    assert await old.ended()
    again = await rig.connect(epoch=4, session=2)
    assert (await again.error())[1] == EgressCode.STALE_EPOCH
    new.send(*order(3))
    assert [fields[1] for fields in await passed(rig, 2)] == ["1", "3"]
    assert len(rig.gateway.offers) == 2, "nothing of the refused one was forwarded, not even its offer"


async def test_an_idle_connection_of_an_older_epoch_is_cut(rig: GuardRig) -> None:
    idle = await rig.connect(epoch=4, client_id=KILL)
    await rig.connect(epoch=5)
    assert (await idle.error())[1] == EgressCode.STALE_EPOCH
    assert await idle.ended()
    await until(lambda: rig.gateway.open == {2}, "its side at the gateway is closed, too")


async def test_the_highest_epoch_survives_a_restart(rig: GuardRig) -> None:
    await rig.connect(epoch=7)
    await rig.restart()
    assert (await (await rig.connect(epoch=6)).error())[1] == EgressCode.STALE_EPOCH


async def test_a_frame_waiting_for_the_disk_when_a_newer_writer_comes_does_not_leave(rig: GuardRig) -> None:
    old = await rig.connect(epoch=1)
    failpoints.arm("guard.log.write=pause:300")
    busy = asyncio.create_task(rig.gate.set_latch("other", "SIM9999999", "ops", "keeps the disk busy"))
    await until(lambda: rig.log._number > rig.log.ledger.sequence, "the disk is busy")
    old.send(*order(1))
    await until(lambda: rig.log._number > rig.log.ledger.sequence + 1, "the frame waits for it")
    new = await rig.connect(epoch=2)
    await busy
    assert await old.ended()
    new.send(*order(2))
    assert [fields[1] for fields in await passed(rig, 1)] == ["2"]
    await until(lambda: rig.log.ledger.frames("hr-1") == [], "the log says that it was withheld")


async def test_a_latch_holds_orders_and_lets_cancels_pass(rig: GuardRig) -> None:
    client = await rig.connect()
    client.send(*order(1))
    await passed(rig, 1)
    latch = await rig.gate.set_latch("kill-1", "", "ops", "test")
    assert latch.durable
    client.send(*order(1))
    client.send(*order(2))
    client.send(*cancel(1))
    client.send(21, 2, 7, *[""] * 13, "", 0)
    assert [(await client.error())[:2] for _ in range(3)] == [(n, EgressCode.LATCHED) for n in (1, 2, 7)]
    assert [fields[0] for fields in await passed(rig, 2)] == ["3", "4"]
    assert rig.log.ledger.frames("hr-2") == []
    await rig.restart()
    client = await rig.connect(session=2)
    client.send(*order(3))
    assert (await client.error())[1] == EgressCode.LATCHED
    await rig.gate.lift_latch("kill-1", "ops", "over")
    client.send(*order(4))
    assert [fields[1] for fields in (await passed(rig, 3))[2:]] == ["4"]


async def test_a_latch_on_one_account_holds_that_one_and_orders_that_name_none(rig: GuardRig) -> None:
    client = await rig.connect()
    await rig.gate.set_latch("kill-1", "SIM0000001", "ops", "test")
    client.send(*order(1, account="SIM0000002"))
    client.send(*order(2, account="SIM0000001"))
    client.send(*order(3, account=""))
    assert [(await client.error())[0] for _ in range(2)] == [2, 3]
    assert [fields[1] for fields in await passed(rig, 1)] == ["1"]


async def test_a_latch_set_while_a_frame_waits_for_the_disk_holds_it(rig: GuardRig) -> None:
    client = await rig.connect()
    failpoints.arm("guard.log.write=pause:200")
    client.send(*order(1))
    await until(lambda: rig.log._number > rig.log.ledger.sequence, "the frame waits for the disk")
    await rig.gate.set_latch("kill-1", "", "ops", "test")
    assert (await client.error())[:2] == (1, EgressCode.LATCHED)
    assert rig.gateway.orders() == []
    assert rig.log.ledger.frames("hr-1") == []


async def test_beyond_the_budget_orders_are_refused_loudly_and_cancels_have_a_reserve(tmp_path: Path) -> None:
    rig = await GuardRig(tmp_path, limit=8, kept=3).start()
    try:
        client = await rig.connect()
        for number in range(1, 8):
            client.send(*order(number))
        assert [(await client.error())[:2] for _ in range(2)] == [(n, EgressCode.BUDGET) for n in (6, 7)]
        for number in range(1, 5):
            client.send(*cancel(number))
        assert (await client.error())[:2] == (4, EgressCode.BUDGET)
        assert [fields[0] for fields in await passed(rig, 8)] == ["3"] * 5 + ["4"] * 3
        assert rig.log.ledger.frames("hr-6") == []
        await until(lambda: rig.gate.budget.left(asyncio.get_running_loop().time(), cancel=False), "a second is over")
        client.send(*order(9))
        await until(lambda: ["3", "9"] in [fields[:2] for fields in rig.gateway.orders()], "a later order passes")
    finally:
        await rig.close()


async def test_without_a_log_no_order_is_forwarded_and_cancels_are(rig: GuardRig) -> None:
    client = await rig.connect()
    client.send(*order(1))
    await passed(rig, 1)
    failpoints.arm("guard.log.write=raise")
    client.send(*order(2))
    client.send(*order(3))
    client.send(*cancel(1))
    assert [(await client.error())[:2] for _ in range(2)] == [(2, EgressCode.NO_LOG), (3, EgressCode.NO_LOG)]
    assert [fields[:2] for fields in (await passed(rig, 2))] == [["3", "1"], ["4", "1"]]
    assert (await (await rig.connect(epoch=2)).error())[1] == EgressCode.NO_LOG
    latch = await rig.gate.set_latch("kill-1", "", "ops", "test")
    assert not latch.durable


async def test_a_removed_log_is_a_failed_log(rig: GuardRig) -> None:
    client = await rig.connect()
    rig.path.unlink()
    client.send(*order(1))
    assert (await client.error())[:2] == (1, EgressCode.NO_LOG)
    assert rig.gateway.orders() == []


async def test_a_disk_that_hangs_holds_cancels_up_for_the_configured_time_only(tmp_path: Path) -> None:
    rig = await GuardRig(tmp_path, timeout_s=0.2).start()
    try:
        client = await rig.connect()
        client.send(*order(1))
        await passed(rig, 1)
        failpoints.arm("guard.log.write=pause:1500")
        client.send(*order(2))
        client.send(*cancel(1))
        began = asyncio.get_running_loop().time()
        assert (await client.error())[:2] == (2, EgressCode.NO_LOG)
        assert [fields[0] for fields in await passed(rig, 2)] == ["3", "4"]
        assert asyncio.get_running_loop().time() - began < 1.0
    finally:
        failpoints.arm("")
        await rig.close()


async def test_an_order_is_refused_while_the_gateway_does_not_read(rig: GuardRig) -> None:
    client = await rig.connect()
    await until(lambda: rig.gateway.frames, "the gateway has it")
    rig.gateway.reading.clear()
    side = next(iter(rig.gate.connections))
    gateway = side._gateway  # type: ignore[attr-defined]
    while not gateway.get_write_buffer_size():
        client.send(5, "x" * 500_000)
        await client.writer.drain()
        await asyncio.sleep(0.01)
    client.send(*order(1))
    rig_error = asyncio.create_task(client.error())
    await asyncio.sleep(0)
    side.read_on(True)  # type: ignore[attr-defined]
    assert (await rig_error)[:2] == (1, EgressCode.GATEWAY_BUSY)
    rig.gateway.reading.set()


async def test_answers_of_the_guard_never_split_one_of_the_gateway(rig: GuardRig) -> None:
    client = await rig.connect()
    await rig.gate.set_latch("kill-1", "", "ops", "test")
    whole = framed(b"61\0" + b"y" * 5000 + b"\0")
    writer = rig.gateway._writers[1]
    writer.write(whole[:100])
    await writer.drain()
    client.send(*order(1))
    assert (await client.error())[:2] == (1, EgressCode.LATCHED)
    writer.write(whole[100:])
    assert await client.frame() == ["61", "y" * 5000]


async def test_evidence_is_whole_for_an_epoch_whose_first_session_the_log_saw(rig: GuardRig) -> None:
    await rig.connect(epoch=3, session=2)
    assert not rig.log.ledger.has_begun("execution", 3)
    await rig.connect(epoch=4, session=1)
    assert rig.log.ledger.has_begun("execution", 4)
