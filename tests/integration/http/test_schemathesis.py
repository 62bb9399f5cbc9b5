"""The document is kept: schemathesis asks everything it describes, right and wrong, and finds nothing that differs.

The system is this module's own: commands are among what is asked, and a daemon that is told to stop stops.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from google.protobuf.json_format import ParseDict, ParseError
from hypothesis import settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.openapi import openapi_document
from tests.integration.http.asking import ask
from tests.integration.http.transcoding import bindings
from tests.system import System, is_alive

pytestmark = pytest.mark.timeout(300)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

METHODS = {f"{b.method.containing_service.name}_{b.method.name}": b for b in bindings()}

STREAMS = [name for name, binding in METHODS.items() if binding.method.server_streaming]

document = openapi_document()
schema = schemathesis.openapi.from_dict(document)
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE], deterministic=True)
# A stream ends when its reader leaves, not before: there is no whole answer to look at.
answering = schema.exclude(operation_id=STREAMS)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("schemathesis") / "home", "--sim") as system:
        system.await_state("RUNNING", "RUNNING_SUSPENDED")
        yield system


def test_the_document_served_is_the_document(own: System) -> None:
    assert ask(own.ports["gateway"], "GET", "/openapi.json").json == json.loads(json.dumps(document))


@answering.parametrize()
@settings(max_examples=15)
def test_what_is_asked_is_answered_as_the_document_says(case: Any, own: System) -> None:
    response = case.call(base_url=own.http)
    if response.status_code == 503 and stopped(own, response):
        return
    case.validate_response(response, checks=CHECKS)
    if response.status_code == 200 and case.meta.generation.mode is GenerationMode.NEGATIVE:
        assert was_right_after_all(case), case.as_curl_command()


def was_right_after_all(case: Any) -> bool:
    """Whether a request outside its schema is one proto3 JSON allows: null, numbers as text, a field's proto name.

    A short route's schema says all that it takes, but that a request is text: a number in a query is no other thing.
    """
    binding = METHODS.get(case.operation.definition.raw["operationId"])
    if binding is None:
        return case.method == "GET" and not set(case.query) - {"strategy"}
    body = {} if case.body is NOT_SET else case.body
    asked: Any = {binding.body: body} if binding.body not in ("", "*") else body
    for name, value in case.query.items():
        at = asked
        *above, last = name.split(".")
        for part in above:
            at = at.setdefault(part, {})
        at[last] = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    try:
        ParseDict(asked, binding.request_class())
    except ParseError:
        return False
    return True


def stopped(own: System, response: Any) -> bool:
    """Whether what is missing is the daemon, and it is gone because it was told to stop."""
    return f"{own.daemon} cannot be reached" in response.json()["message"] and not is_alive(own.pid(own.daemon))


def test_the_rest_still_serves(own: System) -> None:
    assert ask(own.ports["gateway"], "GET", "/readyz").status == 200
    assert all(is_alive(own.pid(name)) for name in own.ports if name != own.daemon)
