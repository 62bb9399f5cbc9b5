"""Path templates of google.api.http: parsed once, matched against a path as it came over the wire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from hedgerow.domain.errors import InvalidValue

ONE, REST = "*", "**"
_RULE = "a google.api.http path template such as /v1/things/{thing_id}:verb"
_LITERAL = re.compile(r"[A-Za-z0-9\-_.~%!$&'()+,;@]+")
_FIELD_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SLASH = re.compile(r"(%2[Ff])")


class Variable(NamedTuple):
    """A field bound by the segments `start` up to `end` of the template; `many` when those may hold slashes."""

    field: str
    start: int
    end: int
    many: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: `segments` are literals, `*` or, at the end, `**`; `verb` is empty without one."""

    text: str
    segments: tuple[str, ...]
    variables: tuple[Variable, ...]
    verb: str

    @property
    def rank(self) -> tuple[object, ...]:
        """Sorts the more particular template first: a verb before none, a literal before `*` before `**`."""
        weights = {ONE: 1, REST: 2}
        return (not self.verb, tuple(weights.get(segment, 0) for segment in self.segments), self.text)

    def match(self, raw_path: str) -> dict[str, str] | None:
        """What the variables hold in a path that is still percent-encoded; None when it is another path.

        Raises InvalidValue naming the field whose segments are no percent-encoded UTF-8.
        """
        segments = self._split(raw_path)
        return None if segments is None else {each.field: self._capture(each, segments) for each in self.variables}

    def _split(self, raw_path: str) -> list[str] | None:
        if self.verb:
            rest, colon, verb = raw_path.rpartition(":")
            if not colon or verb != self.verb:
                return None
            raw_path = rest
        if not raw_path.startswith("/"):
            return None
        segments = raw_path[1:].split("/")
        open_end = self.segments[-1:] == (REST,)
        fixed = self.segments[:-1] if open_end else self.segments
        if len(segments) < len(fixed) or (len(segments) > len(fixed) and not open_end):
            return None
        for wanted, found in zip(fixed, segments, strict=False):
            if not found if wanted == ONE else wanted != found:
                return None
        return segments

    def _capture(self, variable: Variable, segments: list[str]) -> str:
        end = None if self.segments[variable.end - 1] == REST else variable.end
        text = "/".join(segments[variable.start : end])
        try:
            if variable.many:
                return "".join(part if _SLASH.fullmatch(part) else unescape(part) for part in _SLASH.split(text))
            return unescape(text)
        except ValueError as error:
            raise InvalidValue(variable.field, text, f"percent-encoded UTF-8 ({error})") from error


def unescape(text: str) -> str:
    """Percent-encoded text decoded; raises ValueError for a broken escape or bytes that are no UTF-8."""
    broken = _NO_ESCAPE.search(text)
    if broken:
        raise ValueError(f"no escape at character {broken.start()}")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{error.reason} at byte {error.start}") from error


def parse_template(text: str) -> Template:
    """The template; raises InvalidValue when it breaks the grammar in google/api/http.proto."""
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._segments: list[str] = []
        self._variables: list[Variable] = []

    def parse(self) -> Template:
        self._expect("/")
        self._read_segments(inside=False)
        verb = ""
        if self._take(":"):
            verb = self._read(_LITERAL)
        if self._at != len(self._text):
            raise self._wrong("no more text")
        names = [variable.field for variable in self._variables]
        if REST in self._segments[:-1] or len(set(names)) != len(names):
            raise self._wrong("** only at the end, and each field once")
        return Template(self._text, tuple(self._segments), tuple(self._variables), verb)

    def _read_segments(self, inside: bool) -> None:
        while True:
            if self._take(REST):
                self._segments.append(REST)
            elif self._take(ONE):
                self._segments.append(ONE)
            elif not inside and self._take("{"):
                self._read_variable()
            else:
                self._segments.append(self._read(_LITERAL))
            if not self._take("/"):
                return

    def _read_variable(self) -> None:
        field, start = self._read(_FIELD_PATH), len(self._segments)
        if self._take("="):
            self._read_segments(inside=True)
        else:
            self._segments.append(ONE)
        self._expect("}")
        bound = self._segments[start:]
        self._variables.append(Variable(field, start, len(self._segments), len(bound) > 1 or bound == [REST]))

    def _take(self, token: str) -> bool:
        found = self._text.startswith(token, self._at)
        self._at += len(token) if found else 0
        return found

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._wrong(f"{token!r}")

    def _read(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._wrong("a name")
        self._at = found.end()
        return found.group()

    def _wrong(self, expected: str) -> InvalidValue:
        return InvalidValue("template", self._text, f"{_RULE}; expected {expected} at character {self._at}")
