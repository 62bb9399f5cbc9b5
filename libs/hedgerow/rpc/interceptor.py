"""What surrounds every call a server answers: errors become statuses, unary calls spans, all of them metrics."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError
from opentelemetry.trace import SpanKind

from hedgerow.domain.errors import InvalidValue
from hedgerow.rpc.encoded import accept_encoded
from hedgerow.rpc.errors import DETAILS_KEY, is_domain_error, status_code, status_details, status_text
from hedgerow.telemetry import metrics
from hedgerow.telemetry.logs import get_logger
from hedgerow.telemetry.traces import TRACEPARENT, current_ids, inject_traceparent, span

_REQUESTS = metrics.counter("hedgerow_rpc_requests_total", "Calls answered.", ("service", "method", "code"))
_DURATION = metrics.histogram("hedgerow_rpc_duration_seconds", "Time to answer a unary call.", ("service", "method"))
_OPEN = metrics.gauge("hedgerow_rpc_open_streams", "Streams open now.", ("service", "method"))
_MESSAGES = metrics.counter("hedgerow_rpc_stream_messages_total", "Stream messages sent.", ("service", "method"))

_UNOBSERVED = ("/grpc.health.", "/grpc.reflection.")

Context = grpc.aio.ServicerContext[Any, Any]


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps each method's handler once and remembers it."""

    def __init__(self) -> None:
        self._wrapped: dict[str, Any] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """The wrapped handler of the called method, None where there is none."""
        method = str(handler_call_details.method)
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None or method.startswith(_UNOBSERVED):
                return handler
            wrapped = self._wrapped[method] = _wrap(method, handler)
        return wrapped


def _wrap(method: str, handler: Any) -> Any:
    response = handler.response_serializer
    one, many = _decoder(handler.request_deserializer, raises=False), _decoder(handler.request_deserializer)
    if handler.unary_unary is not None:
        return grpc.unary_unary_rpc_method_handler(_unary(method, handler.unary_unary), one, response)
    if handler.stream_unary is not None:
        return grpc.stream_unary_rpc_method_handler(_unary(method, handler.stream_unary), many, response)
    if handler.unary_stream is not None:
        inner = _stream(method, handler.unary_stream)
        return grpc.unary_stream_rpc_method_handler(inner, one, accept_encoded(response))
    inner = _stream(method, handler.stream_stream)
    return grpc.stream_stream_rpc_method_handler(inner, many, accept_encoded(response))


def _decoder(decode: Callable[[bytes], Any], raises: bool = True) -> Callable[[bytes], Any]:
    """A deserializer to which bytes that are no such message are the caller's fault.

    What it raises reaches a handler that reads a stream of requests; a single request is decoded before there is a
    handler, and grpc answers UNKNOWN: its error is returned in the request's place, for the wrapper to raise.
    """

    def decoded(data: bytes) -> Any:
        try:
            return decode(data)
        except DecodeError as error:
            invalid = InvalidValue("request", f"{len(data)} bytes", "an encoded message of this method's request type")
            if raises:
                raise invalid from error
            return invalid

    return decoded


def _readable(request: Any) -> Any:
    if isinstance(request, InvalidValue):
        raise request
    return request


def _unary(method: str, behavior: Callable[[Any, Context], Awaitable[Any]]) -> Any:
    service, name = _names(method)
    duration = _DURATION.labels(service, name)
    answered = _REQUESTS.labels(service, name, "OK")

    async def call(request: Any, context: Context) -> Any:
        started = time.perf_counter()
        with span(name, parent=_traceparent(context), kind=SpanKind.SERVER):
            try:
                response = await behavior(_readable(request), context)
            except (asyncio.CancelledError, grpc.aio.AbortError):
                _REQUESTS.labels(service, name, _code_name(context)).inc()
                raise
            except Exception as error:  # noqa: BLE001 the boundary: whatever it is, the caller gets a status
                await _abort(method, context, error)
            get_logger().debug("call answered", method=method)
        duration.observe(time.perf_counter() - started)
        answered.inc()
        return response

    return call


def _stream(method: str, behavior: Callable[[Any, Context], Any]) -> Any:
    """A stream has no span of its own, it may last for days: its messages carry their context."""
    service, name = _names(method)
    opened, messages = _OPEN.labels(service, name), _MESSAGES.labels(service, name)

    async def failed(context: Context, error: Exception) -> NoReturn:
        with span(name, parent=_traceparent(context), kind=SpanKind.SERVER):
            await _abort(method, context, error)

    async def generate(request: Any, context: Context) -> AsyncIterator[Any]:
        opened.inc()
        try:
            async for response in behavior(_readable(request), context):
                messages.inc()
                yield response
            _REQUESTS.labels(service, name, "OK").inc()
        except grpc.aio.AbortError:
            _REQUESTS.labels(service, name, _code_name(context)).inc()
            raise
        except Exception as error:  # noqa: BLE001 the boundary: whatever it is, the caller gets a status
            await failed(context, error)
        finally:
            opened.dec()

    async def write(request: Any, context: Context) -> None:
        opened.inc()
        try:
            await behavior(_readable(request), context)
            _REQUESTS.labels(service, name, "OK").inc()
        except grpc.aio.AbortError:
            _REQUESTS.labels(service, name, _code_name(context)).inc()
            raise
        except Exception as error:  # noqa: BLE001 the boundary: whatever it is, the caller gets a status
            await failed(context, error)
        finally:
            opened.dec()

    return write if inspect.iscoroutinefunction(behavior) else generate


async def _abort(method: str, context: Context, error: Exception) -> NoReturn:
    """Ends the call with the error's status; a stranger's text stays in the log, the caller gets its trace id."""
    service, name = _names(method)
    code = status_code(error)
    _REQUESTS.labels(service, name, code.name).inc()
    if is_domain_error(error):
        await context.abort(code, status_text(error), ((DETAILS_KEY, status_details(error, code)),))
    ids = current_ids()
    get_logger().error("call failed", method=method, exc_info=error)
    await context.abort(grpc.StatusCode.INTERNAL, f"internal error, trace_id {ids[0] if ids else 'unknown'}")


def _names(method: str) -> tuple[str, str]:
    service, _, name = method.lstrip("/").partition("/")
    return service, name


def _traceparent(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == TRACEPARENT:
            return str(value)
    return ""


def _code_name(context: Context) -> str:
    code = context.code()
    return code.name if isinstance(code, grpc.StatusCode) else "CANCELLED"


class TraceInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    """Sends the current span along with each unary call a client makes."""

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """Adds the traceparent to the call's metadata."""
        traceparent = inject_traceparent()
        if traceparent:
            metadata = grpc.aio.Metadata(*(client_call_details.metadata or ()))
            metadata.add(TRACEPARENT, traceparent)
            client_call_details = client_call_details._replace(metadata=metadata)
        return await continuation(client_call_details, request)
