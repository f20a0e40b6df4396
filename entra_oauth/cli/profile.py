"""profile list, show, set, use, delete: values that need not be typed each time."""

from __future__ import annotations

import re

from entra_oauth.cache.profiles import LISTS, NAMES, Profile, Profiles
from entra_oauth.cli.command_line.values import near_to
from entra_oauth.cli.profile_values import check_profile, check_text
from entra_oauth.cli.session.wrap import in_columns
from entra_oauth.cli.verbs.see_verbs import (
    ProfileListOptions,
    ProfileNameOptions,
    ProfileSetOptions,
    ProfileShowOptions,
)
from entra_oauth.errors import LocalError, UsageError, plain
from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session

__all__ = ["run"]

_KEY = re.compile(r"[a-z][a-z_-]{0,30}")


def run(
    options: ProfileListOptions | ProfileShowOptions | ProfileSetOptions | ProfileNameOptions,
    session: Session,
) -> int:
    """Do what the second word says."""
    console = session.console
    profiles = Profiles.standard(session.environ)
    if isinstance(options, ProfileListOptions):
        _list(profiles, console)
    elif isinstance(options, ProfileShowOptions):
        _show(profiles, options, console)
    elif isinstance(options, ProfileSetOptions):
        _set(profiles, options, console)
    elif session.verb == "profile use":
        _use(profiles, options, console)
    else:
        _delete(profiles, options, session)
    return 0


def _list(profiles: Profiles, console: Console) -> None:
    default = profiles.default()
    names = profiles.names()
    if console.as_json:
        console.result_json(
            {"schema": "entra-oauth/profiles/1", "default": default, "profiles": list(names)}
        )
        return
    for name in names:
        console.result(f"{'*' if name == default else ' '} {plain(name)}")
    if not names:
        console.say(
            "There is no profile. Make one: entra-oauth login --tenant TENANT --client-id CLIENT "
            "--save-profile NAME"
        )


def _show(profiles: Profiles, options: ProfileShowOptions, console: Console) -> None:
    profile = profiles.get(_one_name(options.names, needed=False))
    if profile is None:
        raise UsageError("There is no default profile.", advice="Name one: see profile list.")
    if console.as_json:
        values = {n: list(v) if isinstance(v, tuple) else v for n, v in profile.values.items()}
        console.result_json(
            {"schema": "entra-oauth/profile/1", "name": profile.name, "values": values}
        )
        return
    texts = {n: v if isinstance(v, str) else ", ".join(v) for n, v in profile.values.items()}
    for line in in_columns((name, plain(text)) for name, text in texts.items()):
        console.result(line)


def _set(profiles: Profiles, options: ProfileSetOptions, console: Console) -> None:
    if len(options.changes) < 2:
        raise UsageError(
            "profile set needs a name and at least one value.",
            advice="For example: entra-oauth profile set work tenant=TENANT",
        )
    name, *changes = options.changes
    old = profiles.get(name) if name in profiles.names() else None
    values = dict(old.values) if old else {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or key not in NAMES:
            typed = key if equals and _KEY.fullmatch(key) else ""
            raise UsageError(
                f"That is no value of a profile{f': {typed}' if typed else ''}.",
                advice=f"{near_to(typed, NAMES) if typed else ''}Write NAME=VALUE with one of "
                f"{', '.join(NAMES)}. No secret belongs there.",
            )
        values.pop(key, None)
        if text:
            values[key] = _value(key, text)
    made = Profile(name, values)
    check_profile(made, frozenset(change.partition("=")[0] for change in changes))
    try:
        profiles.put(made)
    except LocalError as error:
        raise LocalError(
            error.what, advice="Make it writable, or name another file in ENTRA_OAUTH_CONFIG."
        ) from None
    console.say(f"The profile {name} is in {plain(profiles.path)}.")


def _value(key: str, text: str) -> str | tuple[str, ...]:
    texts = tuple(each for each in text.split(",") if each) if key in LISTS else (text,)
    for each in texts:
        check_text(key, each)
    return texts if key in LISTS else text


def _use(profiles: Profiles, options: ProfileNameOptions, console: Console) -> None:
    name = _one_name(options.names)
    profiles.use(name or "")
    console.say(f"The profile {name} is used where none is named.")


def _delete(profiles: Profiles, options: ProfileNameOptions, session: Session) -> None:
    from entra_oauth.cli.kept_of_profile import what_stays

    name = _one_name(options.names) or ""
    profile = profiles.get(name)
    profiles.delete(name)
    stays = what_stays(profile, session) if profile is not None else ""
    session.console.say(f"The profile {name} is gone.{stays}")


def _one_name(names: tuple[str, ...], *, needed: bool = True) -> str | None:
    if len(names) > 1 or (needed and not names):
        raise UsageError(
            "One profile is to be named.", advice="See them: entra-oauth profile list."
        )
    return names[0] if names else None
