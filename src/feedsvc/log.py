"""Logs: one line an event, for people on a terminal, as JSON when asked.

An event has a stable name (`section_published`) and keys that carry their units (`length_bytes`, `seconds`).
Importing this module sends structlog through the standard library's logging, so that nothing is ever printed among a
command's own output; `configure` then says where lines go and in which shape.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
from collections.abc import Mapping
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

VARIABLE = "FEEDSVC_LOG"
"""Set it to `json` for one JSON object a line."""

_QUIET = ("alembic", "apscheduler", "sqlalchemy")
"""Libraries that tell of every step; only their warnings are events of ours."""

# What would end a line, move a cursor, turn the direction of what follows, or can't be written in UTF-8.
_LINE_END = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


_CREDENTIALS = re.compile(r"://[^/\s\"'<>]*@")
_TOKEN = re.compile(r"\b(fs_)[A-Za-z0-9_-]{20,}")


def _flatten(value: str) -> str:
    return _BREAKING.sub("\N{REPLACEMENT CHARACTER}", _LINE_END.sub("⏎", value))


def _keep_on_one_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: _flatten(value) if isinstance(value, str) else value for key, value in event.items()}


def _exception_of(event: EventDict) -> BaseException | None:
    info = event.get("exc_info")
    found = info[1] if isinstance(info, tuple) else sys.exception() if info is True else info
    return found if isinstance(found, BaseException) else None


def _name_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception becomes what it says and where it was raised."""
    error = _exception_of(event)
    event.pop("exc_info", None)
    if error is not None:
        event["error"] = f"{type(error).__name__}: {error}"
        if frames := traceback.extract_tb(error.__traceback__):
            event["raised_at"] = f"{frames[-1].filename}:{frames[-1].lineno}"
    return event


def _keep_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """For machines the whole way to the exception, too."""
    if error := _exception_of(event):
        event["traceback"] = "".join(traceback.format_exception(error))
    return event


def hide_secrets(text: str) -> str:
    """Without the credentials of addresses, and without API tokens: the net below whoever forgot to leave them out."""
    return _TOKEN.sub(r"\1***", _CREDENTIALS.sub("://***@", text))


def _hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: hide_secrets(value) if isinstance(value, str) else value for key, value in event.items()}


_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True, key="time"),
)

structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_SHARED,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def configure(
    *, json: bool | None = None, stream: TextIO | None = None, environ: Mapping[str, str] | None = None
) -> None:
    """Write every event (those of libraries, too) to `stream`, standard error unless given; call it again to change it.

    `json` None leaves the shape to FEEDSVC_LOG.
    """
    if json is None:
        json = (os.environ if environ is None else environ).get(VARIABLE, "").lower() == "json"
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED, processors=_json_form() if json else _human_form(stream)
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _json_form() -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _keep_traceback,
        _name_exception,
        _hide_secrets,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _human_form(stream: TextIO) -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _name_exception,
        _hide_secrets,
        _keep_on_one_line,
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), timestamp_key="time", pad_event_to=0, sort_keys=False, pad_level=False
        ),
    ]
