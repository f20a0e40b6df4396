"""Profiles: list, show, set, use, delete."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, group, words
from entra_oauth.cli.options.output_options import OutputOptions

__all__ = [
    "VERBS",
    "ProfileListOptions",
    "ProfileNameOptions",
    "ProfileSetOptions",
    "ProfileShowOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileListOptions:
    """`profile list`."""

    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileShowOptions:
    """`profile show`."""

    names: tuple[str, ...] = words("NAME", "which profile")
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSetOptions:
    """`profile set`."""

    changes: tuple[str, ...] = words("NAME KEY=VALUE", "which profile, and what to set in it")
    output: OutputOptions = group(OutputOptions, only=("quiet",))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileNameOptions:
    """`profile use` and `profile delete`."""

    names: tuple[str, ...] = words("NAME", "which profile")
    output: OutputOptions = group(OutputOptions, only=("quiet",))


VERBS = (
    Verb(
        name="profile list",
        module="profile",
        options=ProfileListOptions,
        description="List the profiles; the default one has a star.",
        examples=("entra-oauth profile list",),
    ),
    Verb(
        name="profile show",
        module="profile",
        options=ProfileShowOptions,
        description="Show the values of a profile; of the default one if none is named.",
        examples=("entra-oauth profile show work",),
    ),
    Verb(
        name="profile set",
        module="profile",
        options=ProfileSetOptions,
        description="Make a profile, or change values of one. An empty value removes it. Lists "
        "are written with commas.",
        examples=(
            "entra-oauth profile set work tenant=TENANT client_id=CLIENT scope=databricks",
            "entra-oauth profile set work workspace_url=https://adb-….azuredatabricks.net",
        ),
    ),
    Verb(
        name="profile use",
        module="profile",
        options=ProfileNameOptions,
        description="Use this profile where none is named.",
        examples=("entra-oauth profile use work",),
    ),
    Verb(
        name="profile delete",
        module="profile",
        options=ProfileNameOptions,
        description="Remove a profile. Tokens are not touched: that is what logout does.",
        examples=("entra-oauth profile delete work",),
    ),
)
