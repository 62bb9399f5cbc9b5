"""The page's files, built into web/dist: the index, and the assets it names with a digest of their content."""

from __future__ import annotations

import mimetypes
from pathlib import Path

import grpc

from gateway.app import Own
from gateway.errors import refused
from gateway.http import Answer, Request

DIST = Path(__file__).parent / "web" / "dist"
ASSETS = "/assets/"
_FOREVER = "public, max-age=31536000, immutable"


class Page:
    """Files read when they are asked for: a page built anew is served without a restart."""

    def __init__(self, root: Path = DIST) -> None:
        self._root = root

    def find(self, path: str) -> Own | None:
        """The route of a page's file; None for every other path."""
        if path == "/":
            return Own("GET", self._index, keyless=True)
        if path.startswith(ASSETS) or path == "/favicon.ico":
            return Own("GET", self._asset, keyless=True)
        return None

    async def _index(self, request: Request) -> Answer:
        file = self._root / "index.html"
        if not file.is_file():
            raise refused(grpc.StatusCode.NOT_FOUND, "the page is not built; `make page` builds it", "PAGE_NOT_BUILT")
        return Answer(file.read_bytes(), content_type="text/html; charset=utf-8", cache_control="no-cache")

    async def _asset(self, request: Request) -> Answer:
        folder = self._root.resolve()
        file = (folder / request.path.removeprefix("/")).resolve()
        if not file.is_relative_to(folder) or not file.is_file():
            raise refused(grpc.StatusCode.NOT_FOUND, f"no such file: {request.path[:200]}", "PATH_NOT_FOUND")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        cache = _FOREVER if request.query.startswith(b"v=") else "no-cache"  # v names the content
        return Answer(file.read_bytes(), content_type=kind, cache_control=cache)
