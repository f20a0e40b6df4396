"""Profiles, and things looked at and explained: profile, decode, explain, doctor, completion."""

from __future__ import annotations

from entra_oauth.cli.command_line.declare import Verb, flag, group, words
from entra_oauth.cli.options.app_options import AppOptions, SignInPageOptions
from entra_oauth.cli.options.common_options import NetworkOptions, OutputOptions, RecordingOptions
from entra_oauth.light import dataclass

__all__ = [
    "VERBS",
    "CompletionOptions",
    "DecodeOptions",
    "DoctorOptions",
    "ExplainWordOptions",
    "ProfileListOptions",
    "ProfileNameOptions",
    "ProfileSetOptions",
    "ProfileShowOptions",
]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class DecodeOptions:
    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ExplainWordOptions:
    word: tuple[str, ...] = words("WORD …", "what to look up; several words are one sentence")
    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class CompletionOptions:
    shell: str | None = words("SHELL", "bash, zsh, fish or powershell")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class DoctorOptions:
    registration: bool = flag("print the portal's steps for your ids instead")
    classroom: bool = flag(
        "one line, PASS or FAIL: whether this machine is ready for the lessons",
        name="class",
        key="doctor-class",
    )
    imds: bool = flag(
        "also ask if the metadata service of an Azure virtual machine is there; for no token"
    )
    app: AppOptions = group(AppOptions, without=("scope", "workspace_url", "account"))
    page: SignInPageOptions = group(SignInPageOptions, only=("redirect_uri",))
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProfileListOptions:
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProfileShowOptions:
    names: tuple[str, ...] = words("NAME", "which profile")
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class ProfileSetOptions:
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
    Verb("completion", "shell_completion.print_script", CompletionOptions),
    Verb("decode", "decode", DecodeOptions),
    Verb("explain", "explain", ExplainWordOptions),
    Verb("doctor", "doctor.doctor", DoctorOptions),
)
