"""Path templates: the whole grammar of google.api.http, and what a path's segments bind."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.template import ONE, REST, Template, parse_template, unescape
from hedgerow.domain.errors import InvalidValue
from tests.unit.gateway.refusal import refusal


@pytest.mark.parametrize(
    ("template", "path", "bound"),
    [
        ("/v1/status", "/v1/status", {}),
        ("/v1/orders/{id}", "/v1/orders/a%20b", {"id": "a b"}),
        ("/v1/orders/{id}", "/v1/orders/a%2Fb", {"id": "a/b"}),
        ("/v1/orders/{id}:cancel", "/v1/orders/7:cancel", {"id": "7"}),
        ("/v1/orders/{id}:cancel", "/v1/orders/7:8:cancel", {"id": "7:8"}),
        ("/v1/{name=orders/*}", "/v1/orders/7", {"name": "orders/7"}),
        ("/v1/{name=orders/*}", "/v1/orders/a%2Fb%20c", {"name": "orders/a%2Fb c"}),
        ("/v1/{name=a/*/b/*}/c", "/v1/a/1/b/2/c", {"name": "a/1/b/2"}),
        ("/v1/{name=**}", "/v1/a/b%2fc/d", {"name": "a/b%2fc/d"}),
        ("/v1/{name=a/**}:go", "/v1/a/b/c:go", {"name": "a/b/c"}),
        ("/v1/{name=a/**}", "/v1/a", {"name": "a"}),
        ("/v1/{x=*}/{y.z}", "/v1/1/2", {"x": "1", "y.z": "2"}),
        ("/v1/*/b", "/v1/anything/b", {}),
        ("/v1/**", "/v1/a/b", {}),
        ("/v1/things/{id}", "/v1/things/a:b", {"id": "a:b"}),
        ("/v1/things/{id}", "/v1/things/%E2%82%AC", {"id": "€"}),
    ],
)
def test_a_path_that_matches_binds_its_variables(template: str, path: str, bound: dict[str, str]) -> None:
    assert parse_template(template).match(path) == bound


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/v1/status", "/v1/status/"),
        ("/v1/status", "/v1/statu"),
        ("/v1/status", "/v1/status:watch"),
        ("/v1/status:watch", "/v1/status"),
        ("/v1/status:watch", "/v1/status%3Awatch"),
        ("/v1/orders/{id}", "/v1/orders/"),
        ("/v1/orders/{id}", "/v1/orders/a/b"),
        ("/v1/orders/{id}:cancel", "/v1/orders/:cancel"),
        ("/v1/{name=a/*}", "/v1/b/1"),
        ("/v1/{name=a/**}", "/v1"),
        ("/v1/status", "v1/status"),
        ("/v1/status", ""),
    ],
)
def test_another_path_does_not_match(template: str, path: str) -> None:
    assert parse_template(template).match(path) is None


@pytest.mark.parametrize("path", ["/v1/orders/%zz", "/v1/orders/%", "/v1/orders/%ff", "/v1/orders/a%c3"])
def test_a_broken_escape_names_the_field(path: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_template("/v1/orders/{order.id}").match(path)
    assert caught.value.key == "order.id"


@pytest.mark.parametrize(
    "text",
    [
        "", "v1/a", "/", "/v1//a", "/v1/", "/v1/{", "/v1/{}", "/v1/{a", "/v1/{a=}", "/v1/{a=b/{c}}", "/v1/{a}{b}",
        "/v1/**/a", "/v1/{a=**}/{b}", "/v1/{a}/{a}", "/v1/{1a}", "/v1/{a.}", "/v1/a:", "/v1/a:b:c", "/v1/a b",
        "/v1/{a}x",
    ],
)  # fmt: skip
def test_what_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="template"):
        parse_template(text)


def test_the_more_particular_template_ranks_first() -> None:
    texts = ["/v1/**", "/v1/*", "/v1/{id}:go", "/v1/things", "/v1/things:go", "/v1/{a}/b", "/v1/a/{b}"]
    ranked = sorted(map(parse_template, texts), key=lambda each: each.rank)
    order = [each.text for each in ranked]
    assert order.index("/v1/things:go") < order.index("/v1/{id}:go")
    assert order.index("/v1/things") < order.index("/v1/*") < order.index("/v1/**")
    assert order.index("/v1/a/{b}") < order.index("/v1/{a}/b")


LITERALS = st.from_regex(r"[a-z][a-z0-9_\-.]{0,6}", fullmatch=True)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,4}(\.[a-z][a-z0-9_]{0,4})?", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Any template the grammar allows."""
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    parts = [draw(LITERALS)]
    for name in names:
        inner = draw(st.lists(st.one_of(LITERALS, st.just(ONE)), max_size=3))
        parts.append(f"{{{name}={'/'.join(inner)}}}" if inner else f"{{{name}}}")
        parts += draw(st.lists(st.one_of(LITERALS, st.just(ONE)), max_size=2))
    if draw(st.booleans()):
        parts.append(REST)
    verb = draw(st.one_of(st.just(""), LITERALS))
    return "/" + "/".join(parts) + (f":{verb}" if verb else "")


def render(template: Template, draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A path of that template, written as a client writes it, and what its variables hold."""
    raw: list[str] = []
    for segment in template.segments:
        raw.append(segment if segment not in (ONE, REST) else quote(draw(TEXTS), safe="-_.~"))
    held = {}
    for field, start, end, many in template.variables:
        pieces = raw[start:end]
        # a variable of many segments keeps an escaped slash, and only that
        decoded = [unescape(each.replace("%2F", "%252F")) if many else unescape(each) for each in pieces]
        held[field] = "/".join(decoded)
    return "/" + "/".join(raw) + (f":{template.verb}" if template.verb else ""), held


@given(templates(), st.data())
def test_every_path_of_a_template_matches_it_and_gives_back_its_values(text: str, data: st.DataObject) -> None:
    template = parse_template(text)
    path, held = render(template, data.draw)
    assert template.match(path) == held


@given(templates())
def test_a_template_says_what_it_was_parsed_from(text: str) -> None:
    template = parse_template(text)
    assert template.text == text
    assert template.segments.count(REST) <= 1
    assert all(variable.end > variable.start for variable in template.variables)


@given(st.text(max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    error = refusal(lambda: parse_template(text))
    assert error is None or error.key == "template"


@given(templates(), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40))
def test_any_path_matches_or_not_and_never_breaks(text: str, path: str) -> None:
    template = parse_template(text)
    fields = {variable.field for variable in template.variables}
    error = refusal(lambda: template.match(path))
    if error is not None:
        assert error.key in fields
    else:
        assert set(template.match(path) or fields) == fields


@given(TEXTS)
def test_unescape_undoes_quote(text: str) -> None:
    assert unescape(quote(text, safe="")) == text
