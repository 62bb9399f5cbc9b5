"""Errors over HTTP: {code, message, details} with the status of grpc-gateway's table."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.json_format import Error as JsonFormatError
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from hedgerow.domain.errors import HedgerowError
from hedgerow.rpc.errors import DETAILS_KEY, DOMAIN, status_code, status_details, status_text

Code = grpc.StatusCode

HTTP_STATUS: dict[grpc.StatusCode, int] = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.UNAUTHENTICATED: 401,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
}


class HttpError(HedgerowError):
    """An answer that is an error: gRPC `code`, HTTP `status` (that of the code unless given), JSON `details`."""

    def __init__(
        self, code: grpc.StatusCode, message: str, details: Iterable[Mapping[str, Any]] = (), *, status: int = 0,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.code, self.message, self.details = code, message, tuple(details)
        self.status = status or HTTP_STATUS[code]
        self.headers = dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        """{code, message, details}."""
        return {"code": self.code.value[0], "message": self.message, "details": list(self.details)}

    def encoded(self) -> bytes:
        """The body as JSON."""
        return json.dumps(self.body, ensure_ascii=False).encode(errors="replace")


def refused(code: grpc.StatusCode, message: str, reason: str, status: int = 0, **headers: str) -> HttpError:
    """An error of the gateway's own with `reason`, UPPER_SNAKE, in an ErrorInfo; `_` in header names is `-`."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpError(code, message, [_any(info)], status=status, headers=named)


def http_error(error: HedgerowError) -> HttpError:
    """A domain error as the same status and details a gRPC caller would get."""
    if isinstance(error, HttpError):
        return error
    code = status_code(error)
    return _from_status(code, status_text(error), status_details(error, code))


def upstream_error(error: grpc.aio.AioRpcError, process: str, timeout_s: float) -> HttpError:
    """A failed call to `process`; what gRPC itself says of sockets and deadlines is put in plain words."""
    code = error.code()
    message = error.details() or code.name
    encoded = b""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            encoded = value
    if encoded:
        return _from_status(code, message, encoded)
    if code is Code.UNAVAILABLE:
        return refused(code, f"{process} cannot be reached", "UNAVAILABLE")
    if code is Code.DEADLINE_EXCEEDED:
        return refused(code, f"{process} did not answer within {timeout_s:g} s", "DEADLINE_EXCEEDED")
    return HttpError(code, message)


def _from_status(code: grpc.StatusCode, message: str, encoded: bytes) -> HttpError:
    try:
        details = [_any_json(detail) for detail in status_pb2.Status.FromString(encoded).details]
    except DecodeError:  # not a google.rpc.Status: the code and its text are what there is
        details = []
    return HttpError(code, message, details)


def _any(message: error_details_pb2.ErrorInfo) -> dict[str, Any]:
    packed = any_pb2.Any()
    packed.Pack(message)
    return _any_json(packed)


def _any_json(detail: any_pb2.Any) -> dict[str, Any]:
    """A detail with its fields; one of a type nobody here knows keeps its bytes."""
    try:
        return dict(MessageToDict(detail))
    except (TypeError, ValueError, JsonFormatError, DecodeError):
        return {"@type": detail.type_url, "value": base64.b64encode(detail.value).decode()}
