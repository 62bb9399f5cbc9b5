"""Metrics: one Prometheus registry per process, served over HTTP; names are hedgerow_<process>_<what>_<base unit>."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from hedgerow.domain.errors import InvalidValue

REGISTRY = CollectorRegistry()
"""Everything this process measures."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # else a second series per counter that nobody asks for
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


class Described(NamedTuple):
    """One metric as docs/metrics.md lists it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    documentation: str


DESCRIBED: list[Described] = []
"""Every metric of the modules imported so far; process_* and python_* are the client library's own."""

LATENCY_BUCKETS_S = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip


def counter(name: str, documentation: str, labels: Sequence[str] = ()) -> Counter:
    """A count that only grows; `name` ends in _total."""
    DESCRIBED.append(Described(name, "counter", tuple(labels), documentation))
    return Counter(name, documentation, labels, registry=REGISTRY)


def gauge(name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
    """A value that goes up and down; `name` ends in its base unit."""
    DESCRIBED.append(Described(name, "gauge", tuple(labels), documentation))
    return Gauge(name, documentation, labels, registry=REGISTRY)


def histogram(
    name: str, documentation: str, labels: Sequence[str] = (), buckets: Sequence[float] = LATENCY_BUCKETS_S
) -> Histogram:
    """A distribution; `name` ends in its base unit, seconds for durations."""
    DESCRIBED.append(Described(name, "histogram", tuple(labels), documentation))
    return Histogram(name, documentation, labels, registry=REGISTRY, buckets=buckets)


class MetricsServer:
    """A running /metrics endpoint."""

    def __init__(self, server: WSGIServer) -> None:
        self._server = server
        self.port: int = server.server_port

    def close(self) -> None:
        """Stops serving and frees the port."""
        self._server.shutdown()
        self._server.server_close()


def serve_metrics(port: int, host: str = "127.0.0.1", key: str = "metrics_port") -> MetricsServer:
    """Serves the registry at http://host:port/metrics from a thread (port 0: any free one).

    Raises InvalidValue naming `key` when the port is taken.
    """
    try:
        server, _ = start_http_server(port, host, REGISTRY)
    except OSError as error:
        raise InvalidValue(
            key, port, f"a free port on {host} ({error.strerror})", "stop its holder, or set another port"
        ) from error
    return MetricsServer(server)
