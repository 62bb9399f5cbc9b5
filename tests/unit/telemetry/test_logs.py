"""The log: whole JSON lines that name process and trace, and that never stop the process that writes them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hedgerow.domain.errors import InvalidValue
from hedgerow.telemetry.logs import LineWriter, configure_logs, get_logger
from hedgerow.telemetry.traces import current_ids, span


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "logs" / "risk.log"
    configure_logs("risk", path, echo=False)
    yield path
    configure_logs("test", None, echo=False)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_is_there_as_soon_as_the_call_returns(log: Path) -> None:
    get_logger(strategy="gamma-scalper").info("hedge sent", quantity=120, price="748.40")
    (line,) = lines(log)
    assert list(line)[:4] == ["ts", "level", "process", "event"]
    assert (line["level"], line["process"], line["event"]) == ("info", "risk", "hedge sent")
    assert (line["strategy"], line["quantity"], line["price"]) == ("gamma-scalper", 120, "748.40")
    assert datetime.fromisoformat(line["ts"]).utcoffset() is not None
    assert "trace_id" not in line


def test_a_line_inside_a_span_names_it(log: Path) -> None:
    with span("hedge"):
        ids = current_ids()
        get_logger().info("inside")
    (line,) = lines(log)
    assert (line["trace_id"], line["span_id"]) == ids


def test_each_tasks_lines_name_its_own_span(log: Path) -> None:
    async def work(name: str) -> None:
        with span(name):
            await asyncio.sleep(0)
            get_logger().info(name, own=(current_ids() or ("",))[0])

    async def both() -> None:
        await asyncio.gather(work("a"), work("b"))

    asyncio.run(both())
    found = lines(log)
    assert all(line["trace_id"] == line["own"] for line in found)
    assert len({line["trace_id"] for line in found}) == 2


def test_an_exception_is_one_line(log: Path) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        get_logger().exception("failed")
    (line,) = lines(log)
    assert "ValueError: two\nlines" in line["exception"]


def test_below_the_level_nothing_is_written(log: Path) -> None:
    get_logger().debug("quiet")
    assert lines(log) == []


def test_the_standard_librarys_warnings_arrive_too(log: Path) -> None:
    logging.getLogger("grpc._cython").warning("lost %s", "it")
    (line,) = lines(log)
    assert (line["event"], line["logger"], line["level"]) == ("lost it", "grpc._cython", "warning")


def test_values_that_json_does_not_know_are_written_as_text(log: Path) -> None:
    get_logger().info("odd", path=Path("/x"), error=ValueError("e"))
    assert lines(log)[0]["path"] == "/x"


def test_a_full_disk_counts_lines_and_does_not_raise() -> None:
    writer = LineWriter(Path("/dev/full"), echo=False)
    writer.msg("lost")
    assert writer.dropped == 1
    writer.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidValue, match="log file"):
        configure_logs("risk", tmp_path / "file" / "risk.log")


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"telemetry\.log_level"):
        configure_logs("risk", None, "LOUD")


def test_nothing_goes_to_stdout(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get_logger().error("only in the file")
    assert capsys.readouterr().out == ""
