"""A gRPC request as the HTTP request that means the same, worked out from google.api.http and protobuf's own JSON."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from hedgerow.catalog import SERVICES

_VARIABLE = re.compile(r"\{([^=}]+)(?:=[^}]*)?\}")


class Binding(NamedTuple):
    """One HTTP binding of one method; `process` answers it."""

    process: str
    method: MethodDescriptor
    verb: str
    template: str
    body: str

    @property
    def name(self) -> str:
        """The method without its package's common part."""
        return str(self.method.full_name.removeprefix("hedgerow.api."))

    @property
    def request_class(self) -> type[Message]:
        """Class of its requests."""
        return GetMessageClass(self.method.input_type)

    @property
    def variables(self) -> list[str]:
        """Fields the path gives."""
        return _VARIABLE.findall(self.template)

    def http(self, message: Message) -> tuple[str, dict[str, Any] | None]:
        """Target and body of the request."""
        value = MessageToDict(message, preserving_proto_field_name=True)
        target = _VARIABLE.sub(lambda found: quote(str(_taken(value, found[1])), safe=""), self.template)
        if self.body == "*":
            return target, value
        body = value.pop(self.body, {}) if self.body else None
        query = list(_flat(value))
        return target + (f"?{urlencode(query)}" if query else ""), body


def bindings() -> list[Binding]:
    """Every binding of every method, as the contracts have them now."""
    found = []
    for process in SERVICES:
        package = process.replace("-", "_")
        file = importlib.import_module(f"hedgerow.api.{package}.v1.{package}_pb2").DESCRIPTOR
        for service in file.services_by_name.values():
            for method in service.methods:
                options = method.GetOptions()
                if options.HasExtension(annotations_pb2.http):
                    rule = options.Extensions[annotations_pb2.http]
                    for one in (rule, *rule.additional_bindings):
                        verb = one.WhichOneof("pattern")
                        found.append(Binding(process, method, verb.upper(), getattr(one, verb), one.body))
    return found


def _taken(value: dict[str, Any], name: str) -> Any:
    *above, last = name.split(".")
    for part in above:
        value = value.get(part, {})
    return value.pop(last, "")


def _flat(value: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{above}{name}.")
        else:
            for one in item if isinstance(item, list) else [item]:
                yield f"{above}{name}", one if isinstance(one, str) else json.dumps(one)
