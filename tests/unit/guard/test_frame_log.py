"""The frame log: one guard, every byte accounted for, a torn end cut, anything else refused."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hedgerow import failpoints
from hedgerow.domain.egress import WriterMark
from hedgerow.domain.errors import FailedPrecondition, InvalidValue, Unavailable
from hedgerow.guard.frame_log import FrameLog
from hedgerow.guard.frames import FrameKind, OrderFrame
from hedgerow.guard.ledger import connect_body, frame_body

MARK = WriterMark("execution", 3, 1)


@pytest.fixture(autouse=True)
def nothing_armed() -> Iterator[None]:
    yield
    failpoints.arm("")


def body(number: int, ref: str = "") -> dict[str, Any]:
    frame = OrderFrame(FrameKind.NEW, number, "SIM0000001", ref or f"hr-{number}", b"payload")
    return frame_body(MARK, 10, frame, FrameKind.NEW, frame.client_order_id)


async def filled(path: Path, count: int = 3) -> None:
    log = FrameLog(path, 5.0)
    await log.append(connect_body(MARK))
    await asyncio.gather(*(log.append(body(number)) for number in range(1, count + 1)))
    log.close()


async def test_what_was_acknowledged_is_there_again(tmp_path: Path) -> None:
    path = tmp_path / "guard" / "frames.log"
    await filled(path)
    log = FrameLog(path, 5.0)
    assert [frame.order_id for n in (1, 2, 3) for frame in log.ledger.frames(f"hr-{n}")] == [1, 2, 3]
    assert (log.ledger.highest, log.ledger.has_begun("execution", 3)) == ({"execution": 3}, True)
    log.close()
    again = FrameLog(path, 5.0)
    assert again.ledger.log_id == log.ledger.log_id != ""
    again.close()


async def test_two_guards_never_share_a_log(tmp_path: Path) -> None:
    path = tmp_path / "frames.log"
    log = FrameLog(path, 5.0)
    code = (
        "import sys, pathlib; from hedgerow.guard.frame_log import FrameLog; FrameLog(pathlib.Path(sys.argv[1]), 1.0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    other = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert other.returncode != 0
    assert "in use by another guard" in other.stderr
    with pytest.raises(FailedPrecondition, match="another guard"):
        FrameLog(path, 5.0)
    log.close()
    FrameLog(path, 5.0).close()


async def test_every_torn_end_is_cut_and_nothing_before_it(tmp_path: Path) -> None:
    path = tmp_path / "frames.log"
    await filled(path)
    data = path.read_bytes()
    start = data.rstrip(b"\n").rfind(b"\n") + 1
    for size in range(start, len(data), 7):
        path.write_bytes(data[:size])
        log = FrameLog(path, 5.0)
        assert [bool(log.ledger.frames(f"hr-{n}")) for n in (1, 2, 3)] == [True, True, False]
        log.close()


async def test_a_changed_removed_or_swapped_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.log"
    await filled(path)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = [
        b"".join([*lines[:3], lines[3].replace(b"hr-1", b"hr-9"), *lines[4:]]),
        b"".join([*lines[:3], *lines[4:]]),
        b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]),
        b"".join([*lines[:-1], b'{"n": 1}\n']),
        b"\0" * 50 + b"\n" + b"".join(lines),
        lines[0].replace(json.loads(lines[0])["body"]["log_id"].encode(), b"0" * 32) + b"".join(lines[1:]),
    ]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(FailedPrecondition, match="damaged") as refusal:
            FrameLog(path, 5.0)
        assert refusal.value.reason == "GUARD_LOG_DAMAGED"
        assert path.read_bytes() == data
    path.write_bytes(b"".join(lines))
    FrameLog(path, 5.0).close()


async def test_the_first_failed_write_ends_all_writing_and_the_next_start_reads_on(tmp_path: Path) -> None:
    path = tmp_path / "frames.log"
    log = FrameLog(path, 5.0)
    failpoints.arm("guard.log.synced=raise@2")
    await log.append(body(1))
    for number in (2, 3):
        with pytest.raises(Unavailable, match="takes no writes"):
            await log.append(body(number))
    assert log.ledger.frames("hr-2") == []
    log.close()
    failpoints.arm("")
    again = FrameLog(path, 5.0)
    # on disk, though its sync was not seen to succeed: what may have been forwarded is never forgotten
    assert [bool(again.ledger.frames(f"hr-{n}")) for n in (1, 2, 3)] == [True, True, False]
    again.close()


async def test_nothing_is_written_behind_a_failed_write(tmp_path: Path) -> None:
    path = tmp_path / "frames.log"
    log = FrameLog(path, 5.0)
    size = path.stat().st_size
    failpoints.arm("guard.log.write=raise")
    with pytest.raises(Unavailable):
        await asyncio.gather(log.append(body(1)))
    log.failed = ""  # as if its failure had not been heard of yet
    with pytest.raises(Unavailable):
        await log.append(body(2))
    log.close()
    assert path.stat().st_size == size


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidValue) as refusal:
        FrameLog(tmp_path / "file" / "frames.log", 5.0)
    assert refusal.value.key == "guard.log"
