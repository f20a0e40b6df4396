"""The learner's file: written for them, and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entra_oauth.errors import LocalError, UsageError, plain

if TYPE_CHECKING:
    from pathlib import Path

    from entra_oauth.lessons.labs.lab import Lab

__all__ = ["default_name", "read_answer", "text_for"]

_LARGEST = 64 * 1024


def default_name(lab: Lab) -> str:
    """The name of the file, unless another is given."""
    return f"lab{lab.number:02}.py"


def text_for(lab: Lab, name: str) -> str:
    """The file that a learner starts from."""
    return (
        f"# Lab {lab.number}: {lab.title}\n"
        f"# {lab.source}\n"
        "#\n"
        f"# Repair the function until this says PASS:\n"
        f"#     entra-oauth lab check {lab.number} {name}\n"
        "# It runs in a process of its own, for a few seconds, without network, programs or other\n"
        "# files. That stops mistakes, not malice: check nobody else's file on a machine that\n"
        "# matters to you, but on one that can be thrown away.\n"
        "\n\n"
        f"{lab.exercise.broken}"
    )


def read_answer(path: Path) -> str:
    """The learner's file. Raises `LocalError` and `UsageError`."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise LocalError(
            f"{plain(str(path))} cannot be read: {error.strerror}.",
            advice="Write it first: entra-oauth lab NUMBER --me FILE.",
        ) from None
    if len(data) > _LARGEST:
        raise UsageError(
            "That file is larger than 64 KiB.", advice="A ten-line function is enough."
        )
    try:
        return data.decode("utf-8-sig")
    except ValueError:
        raise UsageError("That file is not text in UTF-8.", advice="Save it as UTF-8.") from None
