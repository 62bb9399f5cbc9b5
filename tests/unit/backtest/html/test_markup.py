"""Only what is markup already passes unescaped."""

from __future__ import annotations

from hedgerow.backtest.html.markup import Html, markup, tag


def test_text_and_attributes_are_escaped() -> None:
    assert tag("p", "<b> & </b>", title="\"'<&") == '<p title="&quot;&#x27;&lt;&amp;">&lt;b&gt; &amp; &lt;/b&gt;</p>'


def test_markup_goes_in_as_it_is() -> None:
    assert tag("p", tag("b", 1.5), " ", None, "x") == "<p><b>1.5</b> x</p>"
    assert markup("<", Html("<br>")) == "&lt;<br>"
    assert isinstance(markup("<"), Html)


def test_attributes_are_written_as_html_spells_them() -> None:
    assert tag("td", class_="number", data_tone=None, hidden=True, open=False, tabindex=0) == (
        '<td class="number" hidden tabindex="0"></td>'
    )
    assert tag("rect", x=1) == '<rect x="1"/>'
    assert tag("rect", tag("title", "t"), x=1) == '<rect x="1"><title>t</title></rect>'
    assert tag("meta", name="viewport") == '<meta name="viewport">'
