"""Every annotated method as routes: built from the descriptors alone, the most particular match wins."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

import hedgerow.api
from gateway.template import Template, parse_template
from gateway.values import find_field
from hedgerow.domain.errors import InvalidValue

ANY_METHOD = "*"


@dataclass(frozen=True, slots=True)
class Route:
    """One binding of one method: `body` is empty, `*` or a field; `http_method` `*` answers to all."""

    method: MethodDescriptor
    http_method: str
    template: Template
    body: str
    response_body: str
    request_class: type[Message]
    response_class: type[Message]

    @property
    def rpc_path(self) -> str:
        """/package.Service/Method."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"

    @property
    def streaming(self) -> bool:
        """Whether the server streams."""
        return bool(self.method.server_streaming)

    @property
    def package(self) -> str:
        """The proto package, for example hedgerow.api.market_data.v1."""
        return str(self.method.containing_service.file.package)


class Routes:
    """All routes; iterate it for each of them."""

    def __init__(self, services: Iterable[ServiceDescriptor]) -> None:
        routes = [route for service in services for method in service.methods for route in routes_of(method)]
        self._routes = sorted(routes, key=lambda route: route.template.rank)
        seen: dict[tuple[object, ...], Route] = {}
        for route in self._routes:
            key = (route.http_method, route.template.segments, route.template.verb)
            if key in seen:
                methods = f"{seen[key].method.full_name} and {route.method.full_name}"
                raise InvalidValue("google.api.http", route.template.text, f"one method per path; {methods} share it")
            seen[key] = route

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def find(self, http_method: str, raw_path: str) -> tuple[Route, dict[str, str]] | set[str]:
        """The route with what its path variables hold, else the methods that path knows (empty: no such path).

        Raises InvalidValue naming a variable that is no percent-encoded UTF-8.
        """
        allowed: set[str] = set()
        for route in self._routes:
            bound = route.template.match(raw_path)
            if bound is None:
                continue
            if route.http_method in (http_method, ANY_METHOD):
                return route, bound
            allowed.add(route.http_method)
        return allowed


@cache
def api_services() -> tuple[ServiceDescriptor, ...]:
    """Every service of hedgerow.api.*: a new package is found by being there."""
    found: list[ServiceDescriptor] = []
    prefix = f"{hedgerow.api.__name__}."
    for module in pkgutil.walk_packages(hedgerow.api.__path__, prefix):
        if module.name.endswith("_pb2"):
            file: Any = importlib.import_module(module.name).DESCRIPTOR
            found.extend(file.services_by_name.values())
    return tuple(sorted(found, key=lambda service: str(service.full_name)))


def routes_of(method: MethodDescriptor) -> Iterator[Route]:
    """A method's bindings in the order of its rule; none for what HTTP does not serve. Raises InvalidValue."""
    options = method.GetOptions()
    if method.client_streaming or not options.HasExtension(annotations_pb2.http):
        return
    rule = options.Extensions[annotations_pb2.http]
    for binding in (rule, *rule.additional_bindings):
        yield _route(method, binding)


def _route(method: MethodDescriptor, rule: http_pb2.HttpRule) -> Route:
    pattern = rule.WhichOneof("pattern")
    if pattern == "custom":
        http_method, text = rule.custom.kind, rule.custom.path
    elif pattern is not None:
        http_method, text = pattern.upper(), getattr(rule, pattern)
    else:
        raise InvalidValue("google.api.http", str(method.full_name), "a rule with a method and a path")
    template = parse_template(text)
    request, response = method.input_type, method.output_type
    for variable in template.variables:
        _require_scalar(request, variable.field, method)
    for name, descriptor in ((rule.body, request), (rule.response_body, response)):
        if name not in ("", "*") and name not in descriptor.fields_by_name:
            raise InvalidValue("google.api.http", name, f"a field of {descriptor.full_name}")
    return Route(
        method,
        http_method,
        template,
        rule.body,
        rule.response_body,
        GetMessageClass(request),
        GetMessageClass(response),
    )


def _require_scalar(descriptor: Descriptor, path: str, method: MethodDescriptor) -> None:
    field: FieldDescriptor | None = None
    holder: Descriptor | None = descriptor
    for part in path.split("."):
        field = find_field(holder, part) if holder is not None else None
        if field is None or field.is_repeated:
            raise InvalidValue("google.api.http", path, f"a singular field of {method.full_name}'s request")
        holder = field.message_type
    if holder is not None:
        raise InvalidValue("google.api.http", path, "a scalar field: a path variable binds no message")
