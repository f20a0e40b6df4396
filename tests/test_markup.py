"""HTML escapes by itself: what is text stays text, wherever it is put."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from entra_oauth.markup import Html, html, joined


class _Reader(HTMLParser):
    """Tags and text of a page, as a reader of HTML finds them."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


# A reader makes one line break of every kind, and takes NUL out.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@given(TEXT, TEXT)
def test_whatever_is_put_in_is_read_back_as_text_and_never_as_a_tag(title: str, text: str) -> None:
    for page in (
        html("<p title='{}'>{}</p>", title, text),
        html('<p title="{}">{}</p>', title, text),
    ):
        read = _Reader(page)
        assert read.tags == [("p", [("title", title)])]
        assert read.text == text


def test_what_is_html_already_goes_in_as_it_is() -> None:
    assert html("<p>{}{}</p>", html("<b>{}</b>", "<"), "<") == "<p><b>&lt;</b>&lt;</p>"


def test_pieces_are_joined_and_each_is_escaped() -> None:
    assert joined(["a&b", Html("<br>"), 3], ", ") == "a&amp;b, <br>, 3"
    assert isinstance(joined([]), Html)


def test_values_of_other_kinds_are_text() -> None:
    assert html("{} {}", None, 4.5) == "None 4.5"
