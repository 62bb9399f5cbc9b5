"""The gateway's own routes about itself: alive, ready, measured, described."""

from __future__ import annotations

import asyncio
from functools import cache

from gateway.app import Own
from gateway.http import Answer, Request
from gateway.observe import CONTENT_TYPE, exposition
from gateway.openapi import openapi_document
from gateway.status import ControlFeed
from gateway.transcode import dump


def wellknown_routes(control: ControlFeed) -> dict[str, Own]:
    """/healthz, /readyz, /metrics and /openapi.json by path."""

    async def healthz(request: Request) -> Answer:
        return Answer(dump({"status": "alive"}))

    async def readyz(request: Request) -> Answer:
        if control.fresh:
            return Answer(dump({"status": "ready"}))
        return Answer(dump({"status": "control is not heard"}), 503)

    async def metrics(request: Request) -> Answer:
        return Answer(exposition(), content_type=CONTENT_TYPE)

    async def openapi(request: Request) -> Answer:
        return Answer(await asyncio.to_thread(_document))

    return {
        "/healthz": Own("GET", healthz, keyless=True),
        "/readyz": Own("GET", readyz, keyless=True),
        "/metrics": Own("GET", metrics),
        "/openapi.json": Own("GET", openapi),
    }


@cache
def _document() -> bytes:
    return dump(openapi_document())
