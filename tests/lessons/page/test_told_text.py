"""A chapter's text as HTML: what is verbatim keeps its lines and its places."""

from __future__ import annotations

import pytest

from entra_oauth.lessons.page.views.told_text import told

ROWS = [
    ("one\ntwo", "<p>one two</p>"),
    ("    curl \\\n      -d 'a=b'", '<pre tabindex="0">curl \\\n  -d &#x27;a=b&#x27;</pre>'),
    ("    a  b\n     c = d", '<pre tabindex="0">a  b\nc = d</pre>'),
    ("said\n\n    <b>&\n\nmore", '<p>said</p><pre tabindex="0">&lt;b&gt;&amp;</pre><p>more</p>'),
    ("    a\u202eb", '<pre tabindex="0">a&lt;U+202E&gt;b</pre>'),
]


@pytest.mark.parametrize(("text", "shown"), ROWS)
def test_a_verbatim_line_keeps_what_stands_after_its_four_blanks(text: str, shown: str) -> None:
    assert str(told(text)) == shown
