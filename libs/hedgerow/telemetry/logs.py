"""Logs: one JSON line per event with process, trace and span, written at once and never raising."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from hedgerow.domain.errors import InvalidValue
from hedgerow.telemetry.traces import current_ids

LEVELS = {"DEBUG": logging.DEBUG, "INFO": logging.INFO, "WARNING": logging.WARNING, "ERROR": logging.ERROR}


class LineWriter:
    """Appends whole lines to a file, one write each: another reader never sees half a line.

    A full disk must not stop trading: lines that cannot be written are counted in `dropped`.
    """

    def __init__(self, path: Path | None, echo: bool) -> None:
        self.dropped = 0
        self._echo = echo
        self._fd = -1
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise InvalidValue("log file", str(path), f"writable ({error.strerror})") from error

    def msg(self, line: str) -> None:
        """Writes one line."""
        if self._fd >= 0:
            try:
                os.write(self._fd, f"{line}\n".encode())
            except OSError:
                self.dropped += 1
        if self._echo:
            print(line, file=sys.stderr, flush=True)

    log = debug = info = warning = error = critical = exception = fatal = msg

    def close(self) -> None:
        """Closes the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


_writer = LineWriter(None, echo=False)


def configure_logs(process: str, path: Path | None, level: str = "INFO", echo: bool | None = None) -> None:
    """Sends this process's log to `path`, and to stderr where it is a terminal (or as `echo` says).

    Lines of the standard library's loggers (grpc, asyncio) go the same way. Raises InvalidValue
    when the level is unknown or the file cannot be written.
    """
    global _writer
    if level not in LEVELS:
        raise InvalidValue("telemetry.log_level", level, f"one of {', '.join(LEVELS)}")
    writer = LineWriter(path, sys.stderr.isatty() if echo is None else echo)
    _writer.close()
    _writer = writer
    _configure(process, writer, level)
    logging.basicConfig(handlers=[_StandardHandler()], level=max(LEVELS[level], logging.WARNING), force=True)


def _configure(process: str, writer: LineWriter, level: str) -> None:
    def name_process(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["process"] = process
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            name_process,
            _add_trace,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_render),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=False,
    )


def get_logger(**fields: object) -> FilteringBoundLogger:
    """A logger whose every line carries `fields`."""
    logger: FilteringBoundLogger = structlog.get_logger(**fields)
    return logger


def _add_trace(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    ids = current_ids()
    if ids is not None:
        event["trace_id"], event["span_id"] = ids
    return event


_FIRST = ("ts", "level", "process", "event")


def _render(event: Mapping[str, Any], **_: object) -> str:
    ordered = {key: event[key] for key in _FIRST if key in event}
    return json.dumps({**ordered, **event}, separators=(",", ":"), default=str, ensure_ascii=False)


class _StandardHandler(logging.Handler):
    """Passes the standard library's log records on."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = structlog.get_logger().bind(logger=record.name)
        logger.log(record.levelno, record.getMessage(), exc_info=record.exc_info or None)


_configure("hedgerow", _writer, "INFO")  # until a process says where: nothing is printed
