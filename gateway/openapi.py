"""The OpenAPI 3.1 document: one operation per HTTP binding of the contracts, and the operator's short routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, ServiceDescriptor

from gateway.routes import Route, api_services, routes_of
from gateway.schemas import Schema, Schemas, comment, has_own_form, has_scalar_form
from gateway.short_routes import SHORT_ROUTES, TAGS, short_operation
from gateway.template import Variable
from gateway.transcode import WHOLE

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
_VERBS = frozenset({"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"})


def openapi_document(of: Iterable[ServiceDescriptor] | None = None) -> dict[str, Any]:
    """The document of these services, all of the contracts by default; made anew, the same contracts the same text."""
    schemas = Schemas()
    schemas.components["Error"] = _ERROR
    paths: dict[str, dict[str, Any]] = {}
    tags = []
    for service in api_services() if of is None else of:
        tags.append({"name": service.name, "description": comment(service.full_name)})
        for method in service.methods:
            for number, route in enumerate(routes_of(method)):
                if route.http_method not in _VERBS:
                    continue  # OpenAPI has no word for it
                operation = _operation(schemas, route, f"_{number}" if number else "")
                paths.setdefault(_path(route), {})[route.http_method.lower()] = operation
    for short in SHORT_ROUTES:
        paths.setdefault(short.path, {})[short.verb.lower()] = short_operation(short)
    tags += [{"name": name, "description": text} for name, text in TAGS.items()]
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


def _operation(schemas: Schemas, route: Route, suffix: str) -> dict[str, Any]:
    method, request = route.method, route.method.input_type
    bound = {variable.field for variable in route.template.variables}
    parameters = [_path_parameter(schemas, route, variable) for variable in route.template.variables]
    if route.body != WHOLE:
        parameters += [_query_parameter(schemas, chain) for chain in _leaves(request, {*bound, route.body})]
    summary, _, rest = comment(method.full_name).partition(". ")
    told = [rest, _STREAM_NOTE if route.streaming else ""]
    operation: dict[str, Any] = {
        "operationId": f"{method.containing_service.name}_{method.name}{suffix}",
        "tags": [method.containing_service.name],
        "summary": summary.removesuffix(".") + ".",
        "description": "\n\n".join(filter(None, told)),
        "parameters": parameters,
        "responses": {"200": _result(schemas, route), "default": {"$ref": "#/components/responses/Error"}},
    }
    if route.body:
        content = {"application/json": {"schema": _body(schemas, request, route.body, bound)}}
        operation["requestBody"] = {"content": content}
    return operation


def _path(route: Route) -> str:
    """The template as OpenAPI writes it: variables by their JSON names, whatever segments they match."""
    segments: list[str] = list(route.template.segments)
    for variable in reversed(route.template.variables):
        name = _json(_chain(route.method.input_type, variable.field))
        segments[variable.start : variable.end] = [f"{{{name}}}"]
    return f"/{'/'.join(segments)}" + (f":{route.template.verb}" if route.template.verb else "")


def _result(schemas: Schemas, route: Route) -> dict[str, Any]:
    output: Any = route.method.output_type
    schema, description = schemas.message(output), comment(output.full_name)
    if route.response_body:
        schema = schemas.field(output.fields_by_name[route.response_body])
    if not route.streaming:
        return _answer(description, schema)
    error = {"$ref": "#/components/schemas/Error"}
    line = {
        "type": "object",
        "description": "A message, or as the last line why the stream ended.",
        "properties": {"result": schema, "error": error},
        "minProperties": 1,
        "maxProperties": 1,
    }
    return _answer(description, line, "application/x-ndjson")


def _answer(description: str, schema: Schema, media: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}


def _body(schemas: Schemas, request: Descriptor, body: str, bound: set[str]) -> Schema:
    """The one field that is the body, or the request without what the path gives."""
    if body != WHOLE:
        return schemas.field(request.fields_by_name[body])
    if not bound:
        return schemas.message(request)
    fields = [field for field in request.fields if field.name not in bound]
    return {
        "type": "object",
        "description": comment(request.full_name),
        "properties": {field.json_name: schemas.field(field) for field in fields},
        "additionalProperties": False,
    }


def _path_parameter(schemas: Schemas, route: Route, variable: Variable) -> dict[str, Any]:
    chain = _chain(route.method.input_type, variable.field)
    schema = {**schemas.field(chain[-1])}
    description = schema.pop("description", "")
    if schema.get("type") == "string":
        schema["minLength"] = 1
    if variable.many:
        matched = "/".join(route.template.segments[variable.start : variable.end])
        description += f" Matches `{matched}`: its slashes are part of it."
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
