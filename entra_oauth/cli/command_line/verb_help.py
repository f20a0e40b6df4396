"""What `--help` says of the verbs: `cli/verbs/verbs.toml`, read where a person asks for it."""

from __future__ import annotations

import pkgutil
import tomllib
from dataclasses import dataclass
from functools import cache

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
    text = pkgutil.get_data("entra_oauth.cli.verbs", "verbs.toml")
    assert text is not None  # noqa: S101 - a file of the package
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
