"""profile list, show, set, use, delete: values that need not be typed each time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from entra_oauth.cache.profiles import LISTS, NAMES, Profile, Profiles
from entra_oauth.cli.command_line.options import BY_KEY
from entra_oauth.errors import UsageError, plain
from entra_oauth.protocol.messages import refuse_control_characters

if TYPE_CHECKING:
    import argparse

    from entra_oauth.cli.session.console import Console

__all__ = ["run"]


def run(args: argparse.Namespace, console: Console) -> int:
    """Do what the second word says."""
    profiles = Profiles.standard(os.environ)
    _ACTIONS[args.action](profiles, args, console)
    return 0


def _list(profiles: Profiles, args: argparse.Namespace, console: Console) -> None:
    default = profiles.default()
    names = profiles.names()
    if args.json:
        console.result_json(
            {"schema": "entra-oauth/profiles/1", "default": default, "profiles": list(names)}
        )
        return
    for name in names:
        console.result(f"{'*' if name == default else ' '} {plain(name)}")
    if not names:
        console.say("There is no profile. Make one: entra-oauth login --save-profile NAME")


def _show(profiles: Profiles, args: argparse.Namespace, console: Console) -> None:
    profile = profiles.get(_one_name(args, needed=False))
    if profile is None:
        raise UsageError("There is no default profile.", advice="Name one: see profile list.")
    if args.json:
        values = {n: list(v) if isinstance(v, tuple) else v for n, v in profile.values.items()}
        console.result_json(
            {"schema": "entra-oauth/profile/1", "name": profile.name, "values": values}
        )
        return
    for name, value in profile.values.items():
        console.result(f"{name:<15} {plain(value if isinstance(value, str) else ', '.join(value))}")


def _set(profiles: Profiles, args: argparse.Namespace, console: Console) -> None:
    if len(args.words) < 2:
        raise UsageError(
            "profile set needs a name and at least one value.",
            advice="For example: entra-oauth profile set work tenant=TENANT",
        )
    name, *changes = args.words
    old = profiles.get(name) if name in profiles.names() else None
    values = dict(old.values) if old else {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not equals or key not in NAMES:
            raise UsageError(
                "That is no value of a profile.",
                advice=f"Write NAME=VALUE with one of {', '.join(NAMES)}. No secret belongs there.",
            )
        values.pop(key, None)
        if text:
            values[key] = _value(key, text)
    profiles.put(Profile(name, values))
    console.say(f"The profile {name} is in {plain(profiles.path)}.")


def _value(key: str, text: str) -> str | tuple[str, ...]:
    refuse_control_characters(key, text)
    option = BY_KEY.get(key.replace("_", "-"))
    if option is not None and option.choices and text not in option.choices:
        raise UsageError(
            f"{key} has a value that is not known.",
            advice=f"Use one of {', '.join(option.choices)}.",
        )
    if key in LISTS:
        return tuple(each for each in text.split(",") if each)
    return text


def _use(profiles: Profiles, args: argparse.Namespace, console: Console) -> None:
    name = _one_name(args)
    profiles.use(name or "")
    console.say(f"The profile {name} is used where none is named.")


def _delete(profiles: Profiles, args: argparse.Namespace, console: Console) -> None:
    name = _one_name(args)
    profiles.delete(name or "")
    console.say(f"The profile {name} is gone. Its tokens stay: entra-oauth logout forgets them.")


_ACTIONS = {"list": _list, "show": _show, "set": _set, "use": _use, "delete": _delete}


def _one_name(args: argparse.Namespace, *, needed: bool = True) -> str | None:
    if len(args.words) > 1 or (needed and not args.words):
        raise UsageError(
            "One profile is to be named.", advice="See them: entra-oauth profile list."
        )
    return args.words[0] if args.words else None
