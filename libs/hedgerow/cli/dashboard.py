"""`hedgerow dashboard`: the operator's page of a session, live where it runs, from its store where it has ended."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import signal
import sys
import threading
import urllib.error
import urllib.request
import webbrowser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer

from hedgerow import state_dir
from hedgerow.cli.output import SessionArgument, console, messages
from hedgerow.cli.page_data import page_data
from hedgerow.domain.errors import FailedPrecondition, InvalidValue
from hedgerow.settings import Settings
from hedgerow.state_dir import StateDir

_PROBE_S = 2.0
_GATEWAY = "gateway"


def dashboard(
    session: SessionArgument = "latest",
    output: Annotated[Path | None, typer.Option("--output", help="Write one static page here instead.")] = None,
    port: Annotated[int, typer.Option("--port", help="For an ended session: port to serve on; 0 = any free.")] = 0,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser where there is a display.")] = True,
) -> None:
    """Opens the page of a session: at its gateway while it runs, else read-only from its store until Ctrl-C."""
    state = state_dir.resolve(session)
    if output is not None:
        _write(output, static_page(state))
        console.print(str(output.absolute()))
        return
    address = running_gateway(state)
    if address:
        _show(address, open_)
        return
    _serve(static_page(state), port, open_)


def running_gateway(state: StateDir) -> str:
    """Address of the session's gateway; empty when none answers there."""
    endpoint = Settings.read(state.settings_file).endpoints.get(_GATEWAY)
    if endpoint is None:
        return ""
    host = "127.0.0.1" if endpoint.host in ("0.0.0.0", "::") else endpoint.host
    address = f"http://{f'[{host}]' if ':' in host else host}:{endpoint.port}/"
    try:
        with urllib.request.urlopen(f"{address}healthz", timeout=_PROBE_S):
            return address
    except (urllib.error.URLError, OSError):
        return ""


def static_page(state: StateDir) -> str:
    """The page as one HTML text that asks nobody for anything: style, script and the session's data inside.

    Raises FailedPrecondition when the page is not built.
    """
    assets = _dist() / "assets"
    try:
        script, style = (assets / "page.js").read_text(), (assets / "page.css").read_text()
    except FileNotFoundError as error:
        raise FailedPrecondition(
            "the page is not built: `make page` builds it, with npm's registry in reach", "PAGE_NOT_BUILT"
        ) from error
    # "<" never stands in the data as itself: nothing in it can end the element it lies in.
    data = json.dumps(page_data(state), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>Hedgerow</title>\n<style>{style}</style>\n</head>\n<body>\n"
        '<div id="page"><p class="boot">This page needs JavaScript.</p></div>\n'
        f'<script type="application/json" id="page-data">{data}</script>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _dist() -> Path:
    """Where the page is built: beside the gateway, which is found and not imported."""
    spec = importlib.util.find_spec(_GATEWAY)
    if spec is None or spec.origin is None:
        raise FailedPrecondition("this installation has no gateway", "NO_GATEWAY")
    return Path(spec.origin).parent / "web" / "dist"


def _write(path: Path, text: str) -> None:
    """Writes the file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, newline="\n")
        os.replace(part, path)
    except OSError as error:
        raise InvalidValue("--output", str(path), f"a file that can be written ({error.strerror})") from error


def _show(address: str, open_: bool) -> None:
    console.print(address)
    if open_ and (
        sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        webbrowser.open(address)


def _serve(text: str, port: int, open_: bool) -> None:
    """Serves the page on loopback until SIGINT or SIGTERM."""
    body = text.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body) if found else 0))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if found:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing per request."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise InvalidValue("--port", port, f"a free port ({error.strerror})") from error
    with server:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        messages.print("the session has ended: this is its record; Ctrl-C ends the page")
        _show(f"http://127.0.0.1:{server.server_port}/", open_)
        server.serve_forever()
