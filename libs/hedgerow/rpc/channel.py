"""Client channels: quick to reconnect, trace context on every unary call."""

from __future__ import annotations

import grpc

from hedgerow.rpc.interceptor import TraceInterceptor
from hedgerow.rpc.server import MAX_MESSAGE_BYTES

_OPTIONS = (
    # a restarted service is reached within a second; gRPC's own default backs off to two minutes
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 300),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.enable_http_proxy", 0),
)


def open_channel(host: str, port: int) -> grpc.aio.Channel:
    """A channel to host:port; made inside the event loop that uses it, connects lazily."""
    return grpc.aio.insecure_channel(f"{host}:{port}", options=_OPTIONS, interceptors=(TraceInterceptor(),))
