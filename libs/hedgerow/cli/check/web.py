"""The gateway as an operator on another machine sees it: HTTP and JSON, with nothing of ours in between."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any, NamedTuple
from urllib.parse import urlencode

from hedgerow.cli.check.result import Failed, require
from hedgerow.settings import Settings

GATEWAY = "gateway"
TIMEOUT_S = 20.0
_ANY_ADDRESS = ("0.0.0.0", "::")


class Answer(NamedTuple):
    """One HTTP answer."""

    status: int
    content_type: str
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON; raises Failed when it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Failed(f"not JSON ({self.status}): {self.body[:120]!r}") from error

    @property
    def fields(self) -> list[str]:
        """The fields an error names as violated."""
        details = self.document.get("details", [])
        return [violation["field"] for detail in details for violation in detail.get("fieldViolations", [])]


class Web:
    """Asks one gateway; the API key, where there is one, comes from where the gateway has it."""

    def __init__(self, settings: Settings) -> None:
        endpoint = settings.endpoints.get(GATEWAY)
        require(endpoint is not None, "no gateway is configured")
        assert endpoint is not None
        self.host = "127.0.0.1" if endpoint.host in _ANY_ADDRESS else endpoint.host
        self.address = f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{endpoint.port}"
        file = settings.gateway.api_key_file
        self._key = os.environ.get("HEDGEROW_API_KEY", "") or (file.read_text().strip() if file else "")

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def ask(self, method: str, path: str, body: Any = None, key: bool = True) -> Answer:
        """One request; raises Failed when nothing answers."""
        headers = self._headers() if key else {}
        data = None if method == "GET" else json.dumps(body or {}).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(f"{self.address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return Answer(answer.status, answer.headers.get("Content-Type", ""), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers.get("Content-Type", ""), error.read())
        except (urllib.error.URLError, OSError) as error:
            raise Failed(f"{method} {self.address}{path}: {error}") from error

    def get(self, path: str, **query: object) -> Any:
        """The JSON of a GET; raises Failed unless it is 200."""
        wanted = f"{path}?{urlencode(query)}" if query else path
        return _good(f"GET {wanted}", self.ask("GET", wanted))

    def post(self, path: str, **body: object) -> Any:
        """The JSON of a POST; raises Failed unless it is 200."""
        return _good(f"POST {path}", self.ask("POST", path, body))

    def first_line(self, path: str) -> Any:
        """The first message of a stream, as JSON; raises Failed when there is none."""
        request = urllib.request.Request(f"{self.address}{path}", headers=self._headers())
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as stream:
                return Answer(stream.status, "", stream.readline()).document
        except (urllib.error.URLError, OSError) as error:
            raise Failed(f"GET {self.address}{path}: {error}") from error

    def status(self) -> dict[str, Any]:
        """`GET /status`."""
        return dict(self.get("/status"))

    def strategy(self, name: str) -> dict[str, Any]:
        """One strategy of `GET /status`; raises Failed when it is not told of."""
        for one in self.status()["strategies"]:
            if one["strategy"] == name:
                return dict(one)
        raise Failed(f"GET /status does not tell of {name}")

    def operations(self, **query: object) -> list[dict[str, Any]]:
        """Every page of `GET /operations`, newest first."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            page = self.get("/operations", **query, **({"page_token": token} if token else {}))
            found += page["operations"]
            token = page["next_page_token"]
            if not token:
                return found

    def command(self, command_id: str) -> dict[str, Any]:
        """A command as recorded, with its outcome so far."""
        return dict(self.get(f"/v1/commands/{command_id}")["command"])


def _good(what: str, answer: Answer) -> Any:
    require(answer.status == 200, f"{what}: {answer.status} {answer.body[:300].decode(errors='replace')}")
    return answer.document
