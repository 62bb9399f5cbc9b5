"""Metrics: served over HTTP on loopback, and a taken port named by its key."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hedgerow.domain.errors import InvalidValue
from hedgerow.telemetry import metrics

HEDGES = metrics.counter("hedgerow_test_hedges_total", "Hedges.", ("strategy",))
DELTA = metrics.gauge("hedgerow_test_delta_shares", "Delta.")
LATENCY = metrics.histogram("hedgerow_test_latency_seconds", "Latency.")


def test_what_is_measured_is_served() -> None:
    HEDGES.labels("gamma-scalper").inc(3)
    DELTA.set(-12.5)
    LATENCY.observe(0.0007)
    server = metrics.serve_metrics(0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=5) as response:
            text = response.read().decode()
    finally:
        server.close()
    samples = {(s.name, *s.labels.values()): s.value for f in text_string_to_metric_families(text) for s in f.samples}
    assert samples["hedgerow_test_hedges_total", "gamma-scalper"] == 3
    assert samples["hedgerow_test_delta_shares",] == -12.5
    assert samples["hedgerow_test_latency_seconds_bucket", "0.001"] == 1
    assert samples["hedgerow_test_latency_seconds_bucket", "0.0005"] == 0
    assert "process_resident_memory_bytes" in text
    assert "_created" not in text


def test_a_taken_port_is_named_with_its_key() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidValue) as caught:
            metrics.serve_metrics(port, key="endpoints.risk.metrics_port")
    assert (caught.value.key, caught.value.value) == ("endpoints.risk.metrics_port", port)


def test_a_closed_endpoint_frees_its_port() -> None:
    server = metrics.serve_metrics(0)
    server.close()
    metrics.serve_metrics(server.port).close()
