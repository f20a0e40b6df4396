"""Profiles: list, show, set, use, delete."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, group, words
from entra_oauth.cli.options.common_options import OutputOptions

__all__ = [
    "VERBS",
    "ProfileListOptions",
    "ProfileNameOptions",
    "ProfileSetOptions",
    "ProfileShowOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProfileListOptions:
    """`profile list`."""

    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProfileShowOptions:
    """`profile show`."""

    names: tuple[str, ...] = words("NAME", "which profile")
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProfileSetOptions:
    """`profile set`."""

    changes: tuple[str, ...] = words("NAME KEY=VALUE", "which profile, and what to set in it")
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProfileNameOptions:
    """`profile use` and `profile delete`."""

    names: tuple[str, ...] = words("NAME", "which profile")
    output: OutputOptions = group(OutputOptions, only=("quiet",))


VERBS = (
    Verb("profile list", "profile", ProfileListOptions),
    Verb("profile show", "profile", ProfileShowOptions),
    Verb("profile set", "profile", ProfileSetOptions),
    Verb("profile use", "profile", ProfileNameOptions),
    Verb("profile delete", "profile", ProfileNameOptions),
)
