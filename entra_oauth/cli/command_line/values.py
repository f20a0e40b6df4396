"""Where the values of options come from, and what they may be.

A value is looked for in this order: the command line, `ENTRA_OAUTH_<NAME>`, the
profile, the variable of Azure's own tools where there is one, the default. Of two options that
exclude each other, the one that was found earlier in this order counts.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cache.paths import config_file
from entra_oauth.cli.command_line.options import AT_THE_PROMPT, BY_KEY, Option
from entra_oauth.errors import UsageError
from entra_oauth.protocol.guid import folded
from entra_oauth.protocol.messages import refuse_control_characters

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from entra_oauth.cache.profiles import Profile

__all__ = ["fill_in", "is_on"]

_EXCLUDE = (
    ("cloud", "authority_host"),
    ("browser", "no_browser"),
    ("listen", "paste"),
    ("print", "prove"),
)
_IDS = ("tenant", "client-id")
_YES, _NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_COMMAND_LINE, _OWN, _PROFILE, _AZURE, _DEFAULT = range(5)


def fill_in(
    args: argparse.Namespace,
    keys: tuple[str, ...],
    environ: Mapping[str, str],
    *,
    as_given: bool = False,
) -> None:
    """Give every option that was not on the command line its value, and check it.

    GUIDs of tenant and app get Entra's spelling, unless they are to stay `as_given`.

    `args.given` becomes the names of those that were, `args.sources` where each value
    comes from, and `args.settings` the profile, if there is one. Raises `UsageError` that
    names the option, the variable or the profile at fault, never its value.
    """
    args.settings = _profile(args, environ) if "profile" in keys else None
    ranks: dict[str, int] = {}
    names: dict[str, str] = {}
    for option in map(BY_KEY.__getitem__, keys):
        value, rank, source = getattr(args, option.dest), _COMMAND_LINE, f"--{option.name}"
        if value is None:
            value, rank, source = _from_elsewhere(option, environ, args.settings)
        typed = _typed(option, value, source)
        if option.name in _IDS and isinstance(typed, str) and not as_given:
            typed = folded(typed)
        setattr(args, option.dest, typed)
        ranks[option.dest], names[option.dest] = rank, source
    args.sources = names
    args.given = frozenset(dest for dest, rank in ranks.items() if rank == _COMMAND_LINE)
    for one, other in _EXCLUDE:
        if one in ranks and other in ranks:
            _exclude(args, one, other, ranks, names)
    if "output" in ranks:
        _agree_on_json(args, ranks, names)


def _exclude(
    args: argparse.Namespace, one: str, other: str, ranks: dict[str, int], names: dict[str, str]
) -> None:
    if not getattr(args, one) or getattr(args, other) in (None, False):
        return
    if ranks[one] == ranks[other]:
        raise UsageError(
            f"{names[one]} and {names[other]} exclude each other.", advice="Give one of them."
        )
    loser = other if ranks[one] < ranks[other] else one
    setattr(args, loser, False if BY_KEY[loser.replace("_", "-")].kind == "flag" else None)


def _agree_on_json(args: argparse.Namespace, ranks: dict[str, int], names: dict[str, str]) -> None:
    """`--json` and `-o json` are one thing."""
    if args.json and args.output not in (None, "json"):
        if ranks["json"] == ranks["output"]:
            raise UsageError(
                f"{names['json']} and {names['output']} {args.output} exclude each other.",
                advice="Give one of them.",
            )
        args.json = ranks["json"] < ranks["output"]
    if args.json:
        args.output = "json"
    args.json = args.output == "json"


def _profile(args: argparse.Namespace, environ: Mapping[str, str]) -> Profile | None:
    """The profile that is named, or else the default one.

    The default one is out of it where both ids are on the command line: they are of
    another app, and the host that the profile names would be asked about it.
    """
    name = args.profile or environ.get("ENTRA_OAUTH_PROFILE") or None
    path = config_file(environ)
    another_app = getattr(args, "tenant", None) and getattr(args, "client_id", None)
    if name is None and (another_app or path is None or not os.path.exists(path)):
        return None
    from entra_oauth.cache.profiles import Profiles

    known = Profiles.standard(environ)
    if name is not None and getattr(args, "save_profile", None) == name:
        return known.get(name) if name in known.names() else None  # it is about to be made
    return known.get(name)


def _from_elsewhere(
    option: Option, environ: Mapping[str, str], profile: Profile | None
) -> tuple[object, int, str]:
    for variable, rank in ((option.variable, _OWN), (None, _PROFILE), (option.azure, _AZURE)):
        if rank == _PROFILE and profile is not None:
            value = profile.values.get(option.dest)
            if value is not None and option.kind in ("text", "list"):
                kept = list(value) if isinstance(value, tuple) else value
                return kept, rank, f"the profile {profile.name}"
        if variable and (text := environ.get(variable)):
            if option.kind == "flag":
                return _switched(text, variable), rank, variable
            if option.kind == "paste" and text != "-":
                return (AT_THE_PROMPT if is_on(text) else None), rank, variable
            return [text] if option.kind == "list" else text, rank, variable
    default = option.default
    many = option.kind == "list" and default is not None
    return [default] if many else default, _DEFAULT, "the default"


def is_on(text: str) -> bool:
    """Whether the text of a variable means yes."""
    return text.lower() not in ("", *_NO)


def _switched(text: str, variable: str) -> bool:
    """Yes or no. A word that is neither must not switch a safeguard off."""
    if text.lower() not in (*_YES, *_NO):
        raise UsageError(f"{variable} says neither yes nor no.", advice="Give 1 or 0.")
    return is_on(text)


def _typed(option: Option, value: object, source: str) -> object:
    if option.kind == "flag":
        return bool(value)
    if value is None:
        return None
    for each in value if isinstance(value, list) else [value]:
        _check(option, str(each), source)
    if option.kind == "number":
        return int(str(value))
    return tuple(value) if isinstance(value, list) else value


def _check(option: Option, text: str, source: str) -> None:
    if option.kind == "paste":
        if text not in (AT_THE_PROMPT, "-"):
            raise UsageError(
                f"{source} takes no address: other programs can see a command line, and the shell "
                "keeps it.",
                advice="Give --paste alone and paste at the prompt, or --paste - and pipe the "
                "address in. Sign in again: the code in that one was seen.",
            )
        return
    if not text.strip():
        raise UsageError(f"{source} is empty.", advice="Give it a value, or leave it out.")
    refuse_control_characters(source, text)
    if option.choices and text not in option.choices:
        raise UsageError(
            f"{source} has a value that is not known.",
            advice=f"Use one of {', '.join(option.choices)}.",
        )
    if option.kind == "number" and not _is_number(text, option.most):
        raise UsageError(
            f"{source} is not a whole number from 1 to {option.most}.",
            advice="Give it in digits.",
        )


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= most
