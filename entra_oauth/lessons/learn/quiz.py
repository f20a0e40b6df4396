"""Twenty questions, two for each chapter, each answer explained."""

from __future__ import annotations

from entra_oauth.lessons.learn.chapter_words import question, words_of
from entra_oauth.lessons.learn.steps import Chapter

__all__ = ["quiz"]


def quiz(chapter: int | None = None) -> Chapter:
    """The questions of all chapters, or of one, as a chapter of their own."""
    rows = words_of("quiz.toml")["question"]
    chosen = [each for each in rows if chapter in (None, each["chapter"])]
    return Chapter(
        number=0,
        title="Quiz" if chapter is None else f"Quiz of chapter {chapter}",
        minutes=len(chosen) // 2,
        in_short="Whatever was new: the chapter with that number has it at length.",
        steps=tuple(question(each) for each in chosen),
    )
