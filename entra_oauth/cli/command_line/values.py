"""The values of options: the places they come from, and what they may be.

A value is looked for in this order: the command line, `ENTRA_OAUTH_<NAME>`, the
profile, the variable of Azure's own tools where there is one, the default. Of two options that
exclude each other, the one that was found earlier in this order counts.
"""

from __future__ import annotations

import os
import re

from entra_oauth.cache.paths import config_file
from entra_oauth.cli.command_line.declare import NO, Kind, Option, Origins, PasteFrom, is_on
from entra_oauth.errors import UsageError, plain
from entra_oauth.light import TYPE_CHECKING, dataclass
from entra_oauth.protocol.authority import folded
from entra_oauth.protocol.messages import refuse_control_characters
from entra_oauth.protocol.scopes import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from entra_oauth.cache.profiles import Profile

__all__ = ["Values", "check_choice", "check_value", "fill_in", "near_to", "seconds_of"]

_EXCLUDE = (
    ("cloud", "authority_host"),
    ("browser", "no_browser"),
    ("listen", "paste"),
    ("print", "prove"),
)
_IDS = ("tenant", "client_id")
_WITH_FORM = {
    *("claims", "correlation_id", "env_name", "exchange_account", "exchange_client_id"),
    *("output", "redirect_uri", "save_profile"),
}
"""The options whose values `value_forms` judges. It is imported for these alone."""
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_YES = ("1", "true", "yes", "on")
_COMMAND_LINE, _OWN, _PROFILE, _AZURE, _DEFAULT = range(5)
_LONGEST_REPEATED = 24
"""Characters. No choice is longer, so that no word which is longer is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Values:
    """A typed value for each option by its field, and where each comes from."""

    values: Mapping[str, object]
    origins: Origins
    settings: Profile | None
    """The profile, if there is one."""


def fill_in(
    given: Mapping[str, object],
    options: Iterable[Option],
    environ: Mapping[str, str],
    *,
    as_given: bool = False,
) -> Values:
    """Give every option that was not on the command line its value, and check it.

    GUIDs of tenant and app get Entra's spelling, unless they are to stay `as_given`.

    `given` has None for such an option. Raises `UsageError` that names the option, the
    variable or the profile at fault; a value is repeated only where it is one of a few words.
    """
    settings = _profile(given, environ) if "profile" in given else None
    values: dict[str, object] = {}
    ranks: dict[str, int] = {}
    sources: dict[str, str] = {}
    for option in options:
        value, rank, source = given[option.dest], _COMMAND_LINE, f"--{option.name}"
        if value is None:
            value, rank, source = _from_elsewhere(option, environ, settings)
        typed = _typed(option, value, source)
        if rank <= _OWN and option.dest in _WITH_FORM and isinstance(typed, str):
            from entra_oauth.cli.command_line.value_forms import check_form

            check_form(option.dest, typed, environ)
        if option.dest in _IDS and isinstance(typed, str) and not as_given:
            typed = folded(typed)
        values[option.dest] = typed
        ranks[option.dest], sources[option.dest] = rank, source
    for one, other in _EXCLUDE:
        if one in ranks and other in ranks:
            _exclude(values, one, other, ranks, sources)
    if "output" in ranks and "json" in ranks:
        _agree_on_json(values, ranks, sources)
    given_here = frozenset(dest for dest, rank in ranks.items() if rank == _COMMAND_LINE)
    named = frozenset(dest for dest, rank in ranks.items() if rank <= _PROFILE)
    return Values(values, Origins(sources=sources, given=given_here, named=named), settings)


def _exclude(
    values: dict[str, object], one: str, other: str, ranks: dict[str, int], sources: dict[str, str]
) -> None:
    if not values[one] or values[other] in (None, False):
        return
    if ranks[one] == ranks[other]:
        raise UsageError(
            f"{sources[one]} and {sources[other]} exclude each other.", advice="Give one of them."
        )
    loser = other if ranks[one] < ranks[other] else one
    values[loser] = False if isinstance(values[loser], bool) else None


def _agree_on_json(
    values: dict[str, object], ranks: dict[str, int], sources: dict[str, str]
) -> None:
    """`--json` and `-o json` are one thing."""
    if values["json"] and values["output"] != "json":
        if ranks["json"] == ranks["output"]:
            raise UsageError(
                f"{sources['json']} and {sources['output']} {values['output']} exclude each other.",
                advice="Give one of them.",
            )
        values["json"] = ranks["json"] < ranks["output"]
    if values["json"]:
        values["output"] = "json"
    values["json"] = values["output"] == "json"


def _profile(given: Mapping[str, object], environ: Mapping[str, str]) -> Profile | None:
    """The profile that is named, or else the default one.

    The default one is out of it where both ids are on the command line: they are of
    another app, and the host that the profile names would be asked about it.
    """
    on_command_line = given["profile"]
    name = str(on_command_line) if on_command_line else environ.get("ENTRA_OAUTH_PROFILE") or None
    path = config_file(environ)
    another_app = given.get("tenant") and given.get("client_id")
    if name is None and (another_app or path is None or not os.path.exists(path)):
        return None
    from entra_oauth.cache.profiles import Profiles

    known = Profiles.standard(environ)
    if name is not None and given.get("save_profile") == name:
        return known.get(name) if name in known.names() else None  # it is about to be made
    return known.get(name)


def _from_elsewhere(
    option: Option, environ: Mapping[str, str], profile: Profile | None
) -> tuple[object, int, str]:
    if option.is_typed_only:
        return option.default, _DEFAULT, "the default"
    for variable, rank in ((option.variable, _OWN), (None, _PROFILE), (option.azure, _AZURE)):
        if rank == _PROFILE and profile is not None:
            value = profile.values.get(option.dest)
            if value is not None and option.kind in (Kind.TEXT, Kind.LIST):
                stored = list(value) if isinstance(value, tuple) else value
                return stored, rank, f"the profile {profile.name}"
        if variable and (text := environ.get(variable)):
            if option.kind is Kind.FLAG:
                return _switched(text, variable), rank, variable
            if option.kind is Kind.PASTE and text != PasteFrom.STDIN:
                return (PasteFrom.PROMPT if is_on(text) else None), rank, variable
            return [text] if option.kind is Kind.LIST else text, rank, variable
    default = list(option.default) if option.kind is Kind.LIST else option.default
    return default, _DEFAULT, "the default"


def _switched(text: str, variable: str) -> bool:
    """Yes or no. A word that is neither must not switch a safeguard off."""
    if text.lower() not in (*_YES, *NO):
        raise UsageError(f"{variable} says neither yes nor no.", advice="Give 1 or 0.")
    return is_on(text)


def _typed(option: Option, value: object, source: str) -> object:
    if option.kind is Kind.FLAG:
        return bool(value)
    if value is None:
        return None
    for each in value if isinstance(value, list) else [value]:
        check_value(option, str(each), source)
    if option.kind is Kind.NUMBER:
        return seconds_of(str(value)) if option.is_duration else int(str(value))
    if option.kind is Kind.PASTE:
        return PasteFrom(str(value))
    return tuple(value) if isinstance(value, list) else value


def check_value(option: Option, text: str, source: str) -> None:
    """Raise `UsageError` for a text that cannot be the option's value; `source` is named in it."""
    if option.kind is Kind.PASTE:
        if text not in (PasteFrom.PROMPT, PasteFrom.STDIN):
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
    check_choice(option, text, source)
    number = str(seconds_of(text)) if option.is_duration else text
    if option.kind is Kind.NUMBER and not _is_number(number, option.most):
        advice = "Give one in that range, in digits"
        units = "; 90s, 5m, 2h and 1d are seconds too." if option.is_duration else "."
        raise UsageError(
            f"{source} is not a whole number from 1 to {option.most}.", advice=f"{advice}{units}"
        )


def check_choice(option: Option, text: str, source: str) -> None:
    """Raise `UsageError` for a value that is none of the option's choices, with the near one.

    It is repeated, for nobody sees a slip of the pen that is not shown. A longer one is not: it
    was meant for another option, and may be an address with a code in it, or a token.
    """
    if not option.choices or text in option.choices:
        return
    shown = f": {plain(text)}" if len(text) <= _LONGEST_REPEATED else ""
    raise UsageError(
        f"{source} has a value that is not known{shown}.",
        advice=f"{near_to(text, option.choices)}Use one of {', '.join(option.choices)}.",
    )


def seconds_of(text: str) -> int:
    """The seconds of `90`, `90s`, `5m`, `2h` or `1d`; 0 for what is none of these."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text, re.ASCII)
    return int(found[1]) * _UNITS[found[2]] if found else 0


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= most


def near_to(name: str, known: Iterable[str]) -> str:
    """A question with a blank after it, such as `Did you mean login? `; empty if none is near."""
    name = name.replace("_", "-").lower()
    by_spelling = {each.replace("_", "-"): each for each in known}
    starts = [each for each in by_spelling if len(name) > 1 and each.startswith(name)]
    # Two letters are the beginning of many a word, and tell it where there is no other.
    is_told = len(starts) == 1 or len(name) > 2
    found = starts[0] if starts and is_told else near(name, by_spelling)
    return f"Did you mean {by_spelling[found]}? " if found else ""
