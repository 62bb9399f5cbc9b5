"""The OpenAPI 3.1 document: one operation per HTTP binding of the contracts, and the operator's short routes."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor

from gateway.schemas import Schema, Schemas, comment, has_own_form, has_scalar_form
from hedgerow.catalog import SERVICES

_ERROR: Schema = {
    "type": "object",
    "description": "Why a request failed.",
    "required": ["code", "message", "details"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "integer", "description": "gRPC status code, for example 3 for INVALID_ARGUMENT."},
        "message": {"type": "string", "description": "What was wrong, the rule it broke and, where known, the fix."},
        "details": {
            "type": "array",
            "description": "google.rpc details: ErrorInfo with the reason, BadRequest with the fields at fault.",
            "items": {
                "type": "object",
                "required": ["@type"],
                "properties": {"@type": {"type": "string"}},
                "additionalProperties": True,
            },
        },
    },
}
_STREAM_NOTE = (
    "A stream: one JSON object per line, until either side closes. Opened as a WebSocket, the same path and query "
    "send the same objects, one per message."
)
_VARIABLE = re.compile(r"\{([^=}]+)(?:=([^}]*))?\}")


class Binding(NamedTuple):
    """One way to call a method over HTTP."""

    verb: str
    path: str
    body: str
    number: int  # 0, or the place among the additional ones


def services() -> Iterator[ServiceDescriptor]:
    """Every service of the contracts, in the catalog's order."""
    for name in SERVICES:
        package = name.replace("-", "_")
        file = importlib.import_module(f"hedgerow.api.{package}.v1.{package}_pb2").DESCRIPTOR
        yield from file.services_by_name.values()


def bindings(method: MethodDescriptor) -> Iterator[Binding]:
    """The HTTP bindings of a method, the additional ones included; none for what is gRPC only."""
    options = method.GetOptions()
    if options.HasExtension(annotations_pb2.http):
        rule: http_pb2.HttpRule = options.Extensions[annotations_pb2.http]
        for number, one in enumerate((rule, *rule.additional_bindings)):
            verb = one.WhichOneof("pattern")
            path = one.custom.path if verb == "custom" else getattr(one, verb)
            yield Binding(one.custom.kind.lower() if verb == "custom" else verb, path, one.body, number)


def openapi_document(of: Iterable[ServiceDescriptor] | None = None) -> dict[str, Any]:
    """The document of these services, all of the contracts by default; made anew, the same contracts the same text."""
    schemas = Schemas()
    schemas.components["Error"] = _ERROR
    paths: dict[str, dict[str, Any]] = {}
    tags = []
    for service in services() if of is None else of:
        tags.append({"name": service.name, "description": comment(service.full_name)})
        for method in service.methods:
            for binding in bindings(method):
                path = paths.setdefault(_template(method.input_type, binding.path), {})
                path[binding.verb] = _operation(schemas, method, binding)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hedgerow",
            "version": "v1",
            "summary": "See and steer: every method of the services, and the operator's short routes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"apiKey": []}, {}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": {"Error": _answer("Why it failed.", {"$ref": "#/components/schemas/Error"})},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The API key, where one is configured."},
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same API key."},
            },
        },
    }


def _operation(schemas: Schemas, method: MethodDescriptor, binding: Binding) -> dict[str, Any]:
    request, service = method.input_type, method.containing_service.name
    in_path = dict(_VARIABLE.findall(binding.path))
    parameters = [_path_parameter(schemas, request, name, segments) for name, segments in in_path.items()]
    if binding.body != "*":
        parameters += [_query_parameter(schemas, chain) for chain in _leaves(request, {*in_path, binding.body})]
    summary, _, rest = comment(method.full_name).partition(". ")
    told = [rest, _STREAM_NOTE if method.server_streaming else ""]
    operation: dict[str, Any] = {
        "operationId": f"{service}_{method.name}" + (f"_{binding.number}" if binding.number else ""),
        "tags": [service],
        "summary": summary.removesuffix(".") + ".",
        "description": "\n\n".join(filter(None, told)),
        "parameters": parameters,
        "responses": {"200": _result(schemas, method), "default": {"$ref": "#/components/responses/Error"}},
    }
    if binding.body:
        content = {"application/json": {"schema": _body(schemas, request, binding.body, in_path)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _template(request: Descriptor, path: str) -> str:
    """The path with its variables by their JSON names."""
    return _VARIABLE.sub(lambda found: f"{{{_json(_chain(request, found[1]))}}}", path)


def _result(schemas: Schemas, method: MethodDescriptor) -> dict[str, Any]:
    schema, description = schemas.message(method.output_type), comment(method.output_type.full_name)
    if not method.server_streaming:
        return _answer(description, schema)
    line = {"type": "object", "required": ["result"], "properties": {"result": schema}}
    return _answer(description, line, "application/x-ndjson")


def _answer(description: str, schema: Schema, media: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}


def _body(schemas: Schemas, request: Descriptor, body: str, in_path: dict[str, str]) -> Schema:
    """The one field that is the body, or the request without what the path gives."""
    if body != "*":
        return schemas.field(request.fields_by_name[body])
    if not in_path:
        return schemas.message(request)
    fields = [field for field in request.fields if field.name not in in_path]
    return {
        "type": "object",
        "description": comment(request.full_name),
        "properties": {field.json_name: schemas.field(field) for field in fields},
        "additionalProperties": False,
    }


def _path_parameter(schemas: Schemas, request: Descriptor, name: str, segments: str) -> dict[str, Any]:
    chain = _chain(request, name)
    schema = {**schemas.field(chain[-1])}
    description = schema.pop("description", "")
    if schema.get("type") == "string":
        schema["minLength"] = 1
    if "/" in segments or "**" in segments:
        description += f" Matches `{segments}`: its slashes are part of it."
    return {"name": _json(chain), "in": "path", "required": True, "description": description, "schema": schema}


def _query_parameter(schemas: Schemas, chain: tuple[FieldDescriptor, ...]) -> dict[str, Any]:
    schema = {**schemas.field(chain[-1])}
    return {"name": _json(chain), "in": "query", "description": schema.pop("description", ""), "schema": schema}


def _leaves(
    message: Descriptor, bound: set[str], above: tuple[FieldDescriptor, ...] = ()
) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Every field a query can set, by its path of fields: scalars, enums and messages JSON writes as a scalar."""
    for field in message.fields:
        chain, inner = (*above, field), field.message_type
        if ".".join(one.name for one in chain) in bound or inner in [message, *(one.containing_type for one in above)]:
            continue
        if inner is None or (not field.is_repeated and has_scalar_form(inner)):
            yield chain
        elif not field.is_repeated and not has_own_form(inner):
            yield from _leaves(inner, bound, chain)


def _chain(message: Descriptor, path: str) -> tuple[FieldDescriptor, ...]:
    """The fields a dotted path of proto names goes through."""
    chain: list[FieldDescriptor] = []
    at: Any = message
    for name in path.split("."):
        chain.append(at.fields_by_name[name])
        at = chain[-1].message_type
    return tuple(chain)


def _json(chain: tuple[FieldDescriptor, ...]) -> str:
    return ".".join(field.json_name for field in chain)
