"""What the gateway measures of itself."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from hedgerow.telemetry import metrics

REQUESTS = metrics.counter("hedgerow_gateway_requests_total", "HTTP requests answered.", ("route", "method", "code"))
DURATION = metrics.histogram(
    "hedgerow_gateway_request_duration_seconds", "Time to answer, a stream's until it began.", ("route", "method")
)
OPEN_STREAMS = metrics.gauge("hedgerow_gateway_open_streams", "Streams open now.", ("route", "transport"))
SLOW_READERS = metrics.counter(
    "hedgerow_gateway_slow_readers_total", "Streams ended because their reader did not drain.", ("route",)
)
UNMATCHED = "unmatched"
"""Route of a request to no path of ours: a scan must not make a series per path."""

CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """Everything this process measures, as Prometheus reads it."""
    return generate_latest(metrics.REGISTRY)
