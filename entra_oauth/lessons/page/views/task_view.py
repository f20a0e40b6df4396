"""The step of a chapter: its words, what was said to the last answer, and the ways on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.lessons.page.views.told_text import told
from entra_oauth.markup import Html, html, joined
from entra_oauth.recording.report.parts import NOTHING

if TYPE_CHECKING:
    from entra_oauth.lessons.page.scene import Controls, Look

__all__ = ["hidden", "task_view"]


_WORDS = {"hint": "Hint", "answer": "Show the answer", "skip": "Skip", "back": "Back"}
"""The buttons of the commands."""


def task_view(look: Look, address: str, token: str, *, typed: str = "") -> Html:
    """The step. `typed` is put into the field, so that nothing that was typed is lost."""
    options = set(look.controls.options)
    # The options are buttons below, so they do not stand in the text as well.
    kept = [each for each in look.text.split("\n\n") if each not in options]
    said = NOTHING
    if look.said:
        said = html('<div class="said" role="status">{}</div>', joined(map(told, look.said)))
    return html(
        '<section class="card task" aria-labelledby="task-title">'
        '<p class="kicker" id="task-title">Step {} of {}</p>'
        '<progress value="{}" max="{}" aria-labelledby="task-title"></progress>'
        '{}<div class="words">{}</div>{}</section>',
        *(look.step + 1, look.steps, look.step + 1, look.steps),
        *(said, told("\n\n".join(kept)), _form(look, address, token, typed)),
    )


def _form(look: Look, address: str, token: str, typed: str) -> Html:
    controls = look.controls
    if controls.is_over:
        return _afterwards(controls, address, token)
    more = joined(
        html('<button name="command" value="{}" formnovalidate>{}</button>', each, _WORDS[each])
        for each in controls.commands
    )
    words = "Go on" if controls.is_pause else "Answer"
    main = html('<button class="main" name="command" value="">{}</button>', words)
    return html(
        '<form method="post" action="{}answer" accept-charset="utf-8">{}'
        '<input type="hidden" name="turn" value="{}">{}'
        '<p class="buttons">{}{}</p></form>',
        *(address, hidden(token), look.turn, _field(controls, typed)),
        *(main if controls.prompt else NOTHING, more),
    )


def _field(controls: Controls, typed: str) -> Html:
    if controls.is_pause:
        return NOTHING
    if controls.options:
        radio = (
            '<label class="option"><input type="radio" name="typed" value="{}"{}> '
            "<span>{}</span></label>"
        )
        rows = joined(
            html(radio, each[:1], Html(" checked") if typed == each[:1] else NOTHING, each)
            for each in controls.options
        )
        return html("<fieldset><legend>{}</legend>{}</fieldset>", "Your answer", rows)
    return html(
        '<p class="field"><label for="typed">{}</label>'
        '<textarea id="typed" name="typed" rows="2" spellcheck="false" autocomplete="off" '
        'autocapitalize="off">{}</textarea></p>',
        f"{controls.prompt[:1].upper()}{controls.prompt[1:]}",
        typed,
    )


def _afterwards(controls: Controls, address: str, token: str) -> Html:
    if controls.next_chapter is None:
        return html('<p><a class="button" href="{}">Chapters and labs</a></p>', address)
    return html(
        '<form method="post" action="{}open">{}<p class="buttons"><button class="main" '
        'name="chapter" value="{}">On to chapter {}</button></p></form>',
        *(address, hidden(token), controls.next_chapter, controls.next_chapter),
    )


def hidden(token: str) -> Html:
    """The form token, as a field."""
    return html('<input type="hidden" name="token" value="{}">', token)
