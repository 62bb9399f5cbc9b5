"""History through market-data: the broker's bids and asks as a tape, from the command line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import grpc
import numpy as np
import pytest

from hedgerow.api.common.v1 import common_pb2
from hedgerow.api.market_data.v1 import market_data_pb2 as pb
from hedgerow.tape.reader import read_tape
from tests.integration.ib.gateway import CALL, MINUTE_NS, OPEN_NS, Gateway
from tests.integration.market_data.conftest import ROOT, Service, Start

READY = common_pb2.LINK_STATE_READY


async def ready(start: Start) -> Service:
    service = await start()
    await service.stream("GOOG").until(lambda m: m.feed.link.state == READY, "the broker")
    return service


async def import_ib(service: Service, out: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow.cli.main", "tape", "import-ib", str(service.state.root), "--symbol", "GOOG",
        "--out", str(out), *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'libs'}"},
    )  # fmt: skip
    async with asyncio.timeout(60):
        told, wrong = await process.communicate()
    assert process.returncode is not None
    return process.returncode, told.decode(), wrong.decode()


async def test_each_side_has_its_bars(start: Start) -> None:
    service = await ready(start)
    closes = {}
    for price in (pb.BAR_PRICE_BID, pb.BAR_PRICE_ASK, pb.BAR_PRICE_MIDPOINT, pb.BAR_PRICE_UNSPECIFIED):
        answer = await service.stub.ListBars(pb.ListBarsRequest(instrument_id="GOOG", max_bars=2, price=price))
        closes[price] = [bar.close for bar in answer.bars]
    middle = pytest.approx([749.1, 749.1])
    assert list(closes.values()) == [[749.0] * 2, [749.2] * 2, middle, middle]
    with pytest.raises(grpc.aio.AioRpcError, match="price: 9 is not allowed"):
        await service.stub.ListBars(pb.ListBarsRequest(instrument_id="GOOG", price=9))


async def test_bids_and_asks_become_a_tape(start: Start, gateway: Gateway, tmp_path: Path) -> None:
    service = await ready(start)
    contract = ("--option", CALL.instrument_id)
    code, told, wrong = await import_ib(service, tmp_path, "--from", "2015-12-24", *contract, "--json")
    assert code == 0, wrong
    tape = read_tape(tmp_path / "GOOG-2015-12-24.parquet")
    # market time stands ten minutes after the open: what there is till then
    for number, (bid, ask) in enumerate([(749.0, 749.2), (14.0, 14.4)]):
        rows = tape.instrument == number
        assert tape.ts[rows].tolist() == [OPEN_NS + n * MINUTE_NS for n in range(1, 11)]
        np.testing.assert_allclose(tape.bid[rows], bid)
        np.testing.assert_allclose(tape.ask[rows], ask)
    assert tape.meta.interval_ms == 60_000
    document = json.loads(told)["tapes"][0]
    assert document["quality"] == {"GAP": 1} == {k: v["count"] for k, v in document["report"]["defects"].items()}
    assert gateway.config.wire_log is not None
    assert gateway.config.wire_log.read_bytes().count(b"1 min\x00") == 4
    await gateway.stop()  # what is there is not asked for again
    code, _, wrong = await import_ib(service, tmp_path, "--from", "2015-12-24", *contract)
    assert code == 0, wrong
