"""The one table from domain error to gRPC status, with rich details, and the way back."""

from __future__ import annotations

import asyncio

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2

from hedgerow.clock import ClockFileError
from hedgerow.domain.errors import (
    AlreadyExists,
    BrokerAccountRefused,
    FailedPrecondition,
    HedgerowError,
    InvalidValue,
    NotFound,
    Unavailable,
)

DOMAIN = "hedgerow"
DETAILS_KEY = "grpc-status-details-bin"

# Trailers hold 8 KB; the text is in them twice, percent-encoded (three bytes for one at worst) and base64 in details.
TEXT_BYTES = 1500
PART_BYTES = {"key": 256, "value": 256, "rule": 600, "fix": 300}

_CODES: dict[type[Exception], grpc.StatusCode] = {
    InvalidValue: grpc.StatusCode.INVALID_ARGUMENT,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    BrokerAccountRefused: grpc.StatusCode.FAILED_PRECONDITION,
    ClockFileError: grpc.StatusCode.UNAVAILABLE,
    HedgerowError: grpc.StatusCode.INTERNAL,
    NotImplementedError: grpc.StatusCode.UNIMPLEMENTED,  # what a generated servicer raises for a method not written
}

TRANSIENT = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.INTERNAL,
    }
)
"""Codes after which trying again later can help."""


def status_code(error: Exception) -> grpc.StatusCode:
    """The status of an error, by its nearest class in the table; INTERNAL for a stranger."""
    for kind in type(error).__mro__:
        code = _CODES.get(kind)
        if code is not None:
            return code
    return grpc.StatusCode.INTERNAL


def is_domain_error(error: BaseException) -> bool:
    """Whether the table knows it: raised on purpose, its text is meant for the caller."""
    return isinstance(error, (HedgerowError, ClockFileError, NotImplementedError))


def status_text(error: Exception) -> str:
    """What the caller is told, cut to what fits: a status travels in trailers, and longer ones are dropped whole."""
    return _cut(str(error), TEXT_BYTES)


def status_details(error: Exception, code: grpc.StatusCode) -> bytes:
    """An encoded google.rpc.Status: ErrorInfo with the reason, and BadRequest naming the field of an InvalidValue."""
    reason = getattr(error, "reason", code.name)
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN)
    details: list[any_pb2.Any] = []
    if isinstance(error, InvalidValue):
        parts = {"key": error.key, "value": str(error.value), "rule": error.rule, "fix": error.fix}
        info.metadata.update({name: _cut(text, PART_BYTES[name]) for name, text in parts.items()})
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=info.metadata["key"], description=info.metadata["rule"]
        )
        details.append(_packed(error_details_pb2.BadRequest(field_violations=[violation])))
    details.insert(0, _packed(info))
    encoded: bytes = status_pb2.Status(
        code=code.value[0], message=status_text(error), details=details
    ).SerializeToString()
    return encoded


def error_info(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo | None:
    """Our ErrorInfo in a failed call, None when the other side sent none."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            info = error_details_pb2.ErrorInfo()
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Unpack(info):
                    return info
    return None


def rpc_reason(error: grpc.aio.AioRpcError) -> str:
    """Why a call failed, UPPER_SNAKE: the domain's reason, or else the gRPC code's name."""
    info = error_info(error)
    return info.reason if info is not None and info.domain == DOMAIN else error.code().name


def domain_error(error: grpc.aio.AioRpcError, service: str = "") -> HedgerowError:
    """A failed call as the domain error it was on the other side; `service` names it in the text."""
    code, reason = error.code(), rpc_reason(error)
    where = f"{service}: " if service else ""
    text = f"{where}{error.details() or code.name}"
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        info = error_info(error)
        given = dict(info.metadata) if info is not None else {}
        return InvalidValue(
            given.get("key", "request"), given.get("value", ""), given.get("rule", text), given.get("fix", "")
        )
    if code is grpc.StatusCode.NOT_FOUND:
        return NotFound(text)
    if code is grpc.StatusCode.ALREADY_EXISTS:
        return AlreadyExists(text)
    if code is grpc.StatusCode.FAILED_PRECONDITION:
        return FailedPrecondition(text, reason)
    return Unavailable(text, reason)


def _cut(text: str, limit: int) -> str:
    """The text as UTF-8 can carry it, half characters replaced, and no longer than `limit` bytes and three dots."""
    data = text.encode(errors="replace")
    return data.decode() if len(data) <= limit else data[:limit].decode(errors="ignore") + "..."


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed


def canceled_itself() -> bool:
    """Within `except CancelledError`: whether the task is being canceled, not only the call that it awaits.

    grpc cancels a whole call when one write on it is given up; whoever reads that call then gets CancelledError, too.
    """
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0
