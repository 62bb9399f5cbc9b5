"""OTLP: spans reach a collector from a thread; one that is away costs spans and a line a minute, never the loop."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.trace import SpanKind

from hedgerow.cli.ports import free_ports
from hedgerow.domain.errors import InvalidValue
from hedgerow.domain.trace_context import TraceContext
from hedgerow.settings import Settings, TelemetrySettings
from hedgerow.telemetry import otlp
from hedgerow.telemetry.logs import configure_logs
from hedgerow.telemetry.metrics import REGISTRY
from hedgerow.telemetry.otlp import OtlpSink, open_otlp, read_headers
from hedgerow.telemetry.traces import EndedSpan
from tests.integration.telemetry.collector import collecting

HEDGE = EndedSpan(
    "execution", "fill", TraceContext(7, 8), 9, SpanKind.SERVER, 1000, 2000,
    {"price": 1.5, "allowed": True, "rules": {"size": "allowed"}, "nothing": None}, "ValueError: x", "where",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in otlp.ENDPOINT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(otlp, "TIMEOUT_S", 0.3)


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "log"
    configure_logs("test", path)
    yield path
    configure_logs("test", None)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def dropped() -> float:
    return REGISTRY.get_sample_value("hedgerow_telemetry_spans_dropped_total", {"sink": "otlp"}) or 0.0


def warnings(log: Path) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [line for line in lines if line["level"] != "info"]


def test_a_span_arrives_whole(port: int) -> None:
    with collecting(port) as collector:
        sink = OtlpSink(f"http://127.0.0.1:{port}", None, (("x-token", "t"),))
        sink([HEDGE, HEDGE._replace(process="market-data", parent_id=0, error="")])
        until(lambda: len(collector.spans) == 2)
        sink.close()
        fill, tick = collector.spans
        assert collector.metadata["x-token"] == "t"
    assert (fill.process, fill.name, fill.start_ns, fill.end_ns, fill.failed) == ("execution", "fill", 1000, 2000, True)
    assert (fill.trace_id, fill.span_id, fill.parent_id) == (f"{7:032x}", f"{8:016x}", f"{9:016x}")
    assert fill.attributes == {"price": 1.5, "allowed": True, "rules": ["size: allowed"]}
    assert (tick.process, tick.parent_id, tick.failed) == ("market-data", "", False)


def test_what_is_queued_at_the_end_is_sent(port: int) -> None:
    with collecting(port) as collector:
        sink = OtlpSink(f"127.0.0.1:{port}", True, None)
        sink([HEDGE] * 600)
        sink.close()
        assert len(collector.spans) == 600


def test_an_absent_collector_costs_spans_and_one_line_a_minute(port: int, log: Path) -> None:
    before = dropped()
    sink = OtlpSink(f"http://127.0.0.1:{port}", None, None)
    started = time.perf_counter()
    for _ in range(5):
        sink([HEDGE] * 10)
    assert time.perf_counter() - started < 0.1
    until(lambda: dropped() == before + 50)
    sink.close()
    [line] = warnings(log)
    assert (line["event"], line["cause"]) == ("spans not exported", "the collector does not answer")


def test_a_collector_that_comes_later_gets_what_is_new(port: int, log: Path) -> None:
    before = dropped()
    sink = OtlpSink(f"http://127.0.0.1:{port}", None, None)
    sink([HEDGE])
    until(lambda: dropped() == before + 1)
    with collecting(port) as collector:
        until(lambda: sink([HEDGE]) is None and bool(collector.spans))
        sink.close()


def test_the_queue_is_bounded(port: int, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "QUEUE_SPANS", 20)
    before = dropped()
    sink = OtlpSink(f"http://127.0.0.1:{port}", None, None)
    sink([HEDGE] * 20)
    sink([HEDGE] * 7)
    assert dropped() == before + 7
    sink.close()


def test_closing_waits_a_moment_only(port: int, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "TIMEOUT_S", 30.0)
    sink = OtlpSink(f"http://127.0.0.1:{port}", None, None)
    sink([HEDGE])
    started = time.perf_counter()
    sink.close()
    assert time.perf_counter() - started < 5


def test_without_an_endpoint_there_is_no_exporter() -> None:
    assert open_otlp(TelemetrySettings()) is None


def test_the_standard_variable_names_one(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
    with collecting(port) as collector:
        sink = open_otlp(TelemetrySettings())
        assert sink is not None
        sink([HEDGE])
        sink.close()
        assert len(collector.spans) == 1


def test_headers_are_lines_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    path.write_text("# collector\nAuthorization: Bearer a:b\n\nx-tenant:me\n")
    assert read_headers(path) == (("authorization", "Bearer a:b"), ("x-tenant", "me"))


def test_a_headers_file_that_is_wrong_is_named_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    path.write_text("secret-token\n")
    with pytest.raises(InvalidValue) as caught:
        read_headers(path)
    assert caught.value.key == "telemetry.otlp_headers_file"
    assert "secret" not in str(caught.value)
    with pytest.raises(InvalidValue, match="readable"):
        read_headers(tmp_path / "none")


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:4317", "https://tempo.lan:4317", "collector:4317", ""])
def test_endpoints_that_are_taken(endpoint: str) -> None:
    assert Settings.model_validate({"telemetry": {"otlp_endpoint": endpoint}}).telemetry.otlp_endpoint == endpoint


@pytest.mark.parametrize("endpoint", ["collector", "ftp://a:1", "http://user@host:4317", "http://host:4317/v1/traces"])
def test_endpoints_that_are_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="otlp_endpoint"):
        Settings.model_validate({"telemetry": {"otlp_endpoint": endpoint}})
