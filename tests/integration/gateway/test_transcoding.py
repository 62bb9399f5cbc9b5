"""Every form of google.api.http, over HTTP to a real server of an API the gateway was never told of."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import grpc
import httpx
import pytest

from gateway import http
from gateway.errors import HTTP_STATUS
from gateway.server import HttpProtocol
from tests.integration.gateway.things_world import MAX_BODY, World, things_world
from tests.unit.gateway.things import thing

JSON = {"Content-Type": "application/json"}


async def ask(world: World, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    send = {**({} if content is None else JSON), **headers}
    return await world.client.request(method, path, content=content, headers=send)


@pytest.mark.parametrize(
    ("method", "path", "body", "name", "request_"),
    [
        ("GET", "/v1/things/1", None, "Get", {"name": "things/1"}),
        ("GET", "/v1/things/a%2Fb%20c", None, "Get", {"name": "things/a%2Fb c"}),
        ("GET", "/v1/shelves/1/things/2?flag=true", None, "Get", {"name": "shelves/1/things/2", "flag": True}),
        ("GET", "/v1/colors/2/things/a%2Fb", None, "Get", {"color": 2, "part": {"name": "a/b"}}),
        ("GET", "/v1/things:search?tags=a&tags=b&part.size=3", None, "Search",
         {"tags": ["a", "b"], "part": {"size": 3}}),
        ("POST", "/v1/things", {"name": "x", "createTime": "2026-01-05T14:30:00Z"}, "Create",
         {"name": "x", "create_time": {"seconds": 1767623400}}),
        ("POST", "/v1/things", None, "Create", {}),
        ("POST", "/v1/things", {}, "Create", {}),
        ("PATCH", "/v1/things/7", {"small": 1}, "Rename", {"name": "things/7", "small": 1}),
        ("PUT", "/v1/things/7/part?flag=true", {"size": 2}, "SetPart",
         {"name": "things/7", "part": {"size": 2}, "flag": True}),
        ("PUT", "/v1/things/7/tags", ["a"], "SetTags", {"name": "things/7", "tags": ["a"]}),
        ("DELETE", "/v1/things/7", None, "Delete", {"name": "things/7"}),
        ("PURGE", "/v1/things/7", None, "Purge", {"name": "things/7"}),
        ("GET", "/v1/files/a/b%2Fc", None, "File", {"name": "a/b%2Fc"}),
        ("POST", "/v1/files/a/b:archive", {}, "Archive", {"name": "a/b"}),
    ],
)  # fmt: skip
async def test_a_request_reaches_its_method(
    world: World, method: str, path: str, body: Any, name: str, request_: dict[str, Any]
) -> None:
    answer = await ask(world, method, path, body)
    assert answer.status_code == 200, answer.text
    assert world.things.calls[-1] == (name, thing(**request_))
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


async def test_answers_are_canonical_json(world: World) -> None:
    sent = {
        "large": "5", "createTime": "2026-01-05T14:30:00.500Z", "age": "1.500s", "color": "COLOR_RED", "data": "aGk=",
        "maybe": "3", "price": {"value": "1.10"}, "ratio": "Infinity", "mask": "name,createTime", "limit": 0,
    }  # fmt: skip
    answer = await ask(world, "POST", "/v1/things", sent)
    assert answer.json() == sent


async def test_response_body_is_one_field(world: World) -> None:
    assert (await ask(world, "GET", "/v1/part-of/x?part.size=2")).json() == {"name": "x", "size": 2}
    assert (await ask(world, "GET", "/v1/tags-of/x?tags=a")).json() == ["a"]
    assert (await ask(world, "GET", "/v1/tags-of/x")).json() == []


async def test_head_answers_as_get_without_a_body(world: World) -> None:
    answer = await ask(world, "HEAD", "/v1/things/1")
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("GET", "/v1/things:search?small=x", None, 400, "small"),
        ("GET", "/v1/things:search?nope=1", None, 400, "nope"),
        ("GET", "/v1/things:search?small=1&small=2", None, 400, "small"),
        ("GET", "/v1/things:search?name=%ff", None, 400, "name"),
        ("GET", "/v1/things/%ff", None, 400, "name"),
        ("GET", "/v1/colors/PINK/things/x", None, 400, "color"),
        ("GET", "/v1/things/1?name=x", None, 400, "name"),
        ("GET", "/v1/things/1", {}, 400, "body"),
        ("PATCH", "/v1/things/1?small=1", {}, 400, "small"),
        ("PATCH", "/v1/things/1", {"name": "x"}, 400, "name"),
        ("PUT", "/v1/things/1/part?part.size=1", {}, 400, "part"),
        ("PUT", "/v1/things/1/part", {"siez": 1}, 400, "part.siez"),
        ("POST", "/v1/things", {"unknown": 1}, 400, "unknown"),
        ("POST", "/v1/things", {"small": "x"}, 400, "small"),
        ("POST", "/v1/things", {"color": "PINK"}, 400, "color"),
        ("POST", "/v1/things", {"part": {"inside": {"size": []}}}, 400, "part.inside.size"),
        ("POST", "/v1/things", [], 400, "body"),
        ("POST", "/v1/things", b"{", 400, "body"),
        ("POST", "/v1/things", b'{"a":1,"a":1}', 400, "a"),
        ("POST", "/v1/things", b'{"ratio":NaN}', 400, "body"),
        ("POST", "/v1/things", b"\xff", 400, "body"),
        ("POST", "/v1/things", b"[" * 60_000, 400, "body"),
        ("POST", "/v1/things", b'{"name":"\\ud800"}', 400, "name"),
    ],
)
async def test_a_wrong_request_names_the_field_and_reaches_nobody(
    world: World, method: str, path: str, body: Any, status: int, field: str
) -> None:
    before = len(world.things.calls)
    answer = await ask(world, method, path, body)
    assert answer.status_code == status, answer.text
    error = answer.json()
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == 3
    violations = [each for each in error["details"] if each["@type"].endswith("BadRequest")]
    assert violations[0]["fieldViolations"][0]["field"] == field
    assert len(world.things.calls) == before


async def test_an_unknown_path_is_404(world: World) -> None:
    for path in (
        "/nothing",
        "/v1/things/1/",
        "/v1",
        "//v1/things/1",
        "/v1/things/../a/1/x",
        "/assets/../../main.py",
    ):
        answer = await ask(world, "GET", path)
        assert answer.status_code == 404, path
        assert answer.json()["code"] == 5


async def test_a_wrong_method_is_405_and_says_which_are_right(world: World) -> None:
    answer = await ask(world, "POST", "/v1/things/1", {})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH, PURGE"
    assert (await ask(world, "OPTIONS", "/v1/things")).headers["allow"] == "POST"


async def test_a_huge_body_is_413_declared_or_not(world: World) -> None:
    declared = await ask(world, "POST", "/v1/things", b"x" * (MAX_BODY + 1))
    assert declared.status_code == 413

    async def chunks() -> Any:
        for _ in range(20):
            yield b" " * 10_000

    chunked = await world.client.post("/v1/things", content=chunks(), headers=JSON)
    assert chunked.status_code == 413
    assert chunked.json()["details"][0]["reason"] == "BODY_TOO_LARGE"


async def test_a_huge_head_is_431(world: World) -> None:
    for headers in ({"X-Filler": "a" * 200_000}, {f"X-{n}": "a" * 1000 for n in range(40)}):
        answer = await world.client.get("/v1/things/1", headers=headers)
        assert answer.status_code == 431
        assert answer.json()["code"] == 3
    assert (await world.client.get("/v1/things/1")).status_code == 200


async def test_a_head_or_a_body_that_does_not_come_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpProtocol, "head_limit_s", 0.2)
    monkeypatch.setattr(http, "_BODY_S", 0.2)
    async with things_world() as world:
        host, port = world.url.removeprefix("http://").split(":")
        head = b"POST /v1/things HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        for sent in (b"", b"GET /v1/thi", head, head + b"Content-Length: 5\r\n\r\n{"):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(sent)
            answer = await asyncio.wait_for(reader.read(), 10)
            assert answer.startswith(b"HTTP/1.1 408"), (sent, answer)
            writer.close()
        assert world.things.calls == []


async def test_a_compressed_body_is_415(world: World) -> None:
    answer = await ask(world, "POST", "/v1/things", b"x", **{"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
async def test_every_grpc_status_has_its_http_status(world: World, code: grpc.StatusCode) -> None:
    answer = await ask(world, "POST", "/v1/things:fail", {"small": code.value[0], "name": "so it is", "word": "bad"})
    assert answer.status_code == HTTP_STATUS[code]
    assert answer.json() == {
        "code": code.value[0],
        "message": "so it is",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "size", "description": "above zero"}],
            }
        ],
    }


async def test_details_nobody_can_read_break_nothing(world: World) -> None:
    stranger = await ask(world, "POST", "/v1/things:fail", {"small": 5, "name": "no", "word": "stranger"})
    assert stranger.json()["details"] == [{"@type": "type.googleapis.com/no.such.Type", "value": "AQ=="}]
    garbage = await ask(world, "POST", "/v1/things:fail", {"small": 5, "name": "no", "word": "garbage"})
    assert garbage.json() == {"code": 5, "message": "no", "details": []}


async def test_a_process_that_does_not_answer_is_504(world: World) -> None:
    answer = await ask(world, "GET", "/v1/things:wait")
    assert answer.status_code == 504
    assert answer.json()["message"] == "things did not answer within 2 s"


async def test_a_trace_goes_on_or_begins(world: World) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await ask(world, "GET", "/v1/things/1", traceparent=parent)
    assert world.things.traceparents[-1].split("-")[1] == parent.split("-")[1]
    await ask(world, "GET", "/v1/things/1", traceparent="broken")
    begun = world.things.traceparents[-1].split("-")
    assert len(begun[1]) == 32
    assert begun[1] != parent.split("-")[1]
