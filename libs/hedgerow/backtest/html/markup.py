"""HTML and SVG as text in which nothing from outside can become markup: only `Html` passes unescaped."""

from __future__ import annotations

from html import escape

_VOID = frozenset({"meta", "br", "line", "path", "rect", "circle", "use", "polygon"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Content = Html | str | float | None


def markup(*parts: Content) -> Html:
    """The parts one after another: `Html` as it is, None left out, everything else escaped."""
    return Html("".join(_text(part) for part in parts if part is not None))


def tag(name: str, /, *parts: Content, **attributes: str | float | bool | None) -> Html:
    """One element; attributes that are None or False are left out, True stands alone, `data_x` is written `data-x`.

    Names come from our own code and are trusted; values and parts are not.
    """
    said = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID and not parts:
        return Html(f"<{name}{said}>" if name in ("meta", "br") else f"<{name}{said}/>")
    return Html(f"<{name}{said}>{markup(*parts)}</{name}>")


def _text(part: str | float) -> str:
    return part if isinstance(part, Html) else escape(str(part), quote=False)


def _attribute(key: str, value: str | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
