"""What `--help` says of the verbs: `cli/verbs/verbs.toml`, read where a person asks for it."""

from __future__ import annotations

import os
import tomllib
from functools import cache

from entra_oauth.light import dataclass

__all__ = ["VerbHelp", "help_of", "parts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbHelp:
    """All that is said of one verb, beside its options."""

    name: str
    summary: str
    description: str
    examples: tuple[str, ...]
    takes: str = ""
    """The advice where input was given as an argument that is not taken as one."""


@cache
def parts() -> tuple[tuple[str, tuple[VerbHelp, ...]], ...]:
    """The headings of the help, with their verbs, in its order."""
    from entra_oauth.cli import verbs

    # As `pkgutil.get_data` reads it, whose import is half of what this takes.
    spec = verbs.__spec__
    assert spec is not None  # noqa: S101 - it was imported
    assert spec.loader is not None  # noqa: S101
    text: bytes = spec.loader.get_data(os.path.join(*verbs.__path__, "verbs.toml"))  # type: ignore[attr-defined]
    found = tomllib.loads(text.decode("utf-8"))
    return tuple((part["title"], tuple(map(_read, part["verb"]))) for part in found["part"])


def _read(said: dict[str, object]) -> VerbHelp:
    texts = {name: " ".join(text.split()) for name, text in said.items() if isinstance(text, str)}
    examples = said["examples"]
    assert isinstance(examples, list)  # noqa: S101 - so it stands in the file
    return VerbHelp(**texts, examples=tuple(examples))


def help_of(name: str) -> VerbHelp:
    """What is said of the verb of this name."""
    return next(verb for _, verbs in parts() for verb in verbs if verb.name == name)
