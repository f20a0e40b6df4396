"""Things explained: decode, explain, doctor; and the completion of a shell."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, flag, group, words
from entra_oauth.cli.options.app_options import AppOptions
from entra_oauth.cli.options.network_options import NetworkOptions
from entra_oauth.cli.options.output_options import OutputOptions
from entra_oauth.cli.options.page_options import SignInPageOptions
from entra_oauth.cli.options.recording_options import RecordingOptions

__all__ = ["VERBS", "CompletionOptions", "DecodeOptions", "DoctorOptions", "ExplainWordOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeOptions:
    """`decode`."""

    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainWordOptions:
    """`explain`."""

    word: str | None = words("WORD", "what to look up")
    output: OutputOptions = group(OutputOptions, only=("json",))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionOptions:
    """`completion`."""

    shell: str | None = words("SHELL", "bash, zsh, fish or powershell")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOptions:
    """`doctor`."""

    registration: bool = flag("print the portal's steps for your ids instead")
    classroom: bool = flag(
        "one line, PASS or FAIL: whether this machine is ready for the lessons",
        name="class",
        key="doctor-class",
    )
    app: AppOptions = group(AppOptions, without=("scope", "workspace_url", "account"))
    page: SignInPageOptions = group(SignInPageOptions, only=("redirect_uri",))
    network: NetworkOptions = group(NetworkOptions)
    recording: RecordingOptions = group(RecordingOptions)
    output: OutputOptions = group(OutputOptions, only=("json", "quiet"))


VERBS = (
    Verb(
        name="completion",
        module="shell_completion.print_script",
        options=CompletionOptions,
        description="Print a script with which a shell completes verbs, options and fixed values. "
        "It holds nothing of this machine, of a profile or of a sign-in, and runs nothing when "
        "it completes. Tried with bash, zsh and fish; that of PowerShell was not tried.",
        examples=(
            "entra-oauth completion bash > ~/.local/share/bash-completion/completions/entra-oauth",
            "entra-oauth completion zsh > ~/.zfunc/_entra-oauth",
            "entra-oauth completion fish > ~/.config/fish/completions/entra-oauth.fish",
            "entra-oauth completion powershell >> $PROFILE",
        ),
    ),
    Verb(
        name="decode",
        module="decode",
        options=DecodeOptions,
        description="Read a JWT from a prompt or from standard input and show what it says. "
        "Nothing is sent anywhere and nothing is verified.",
        examples=("entra-oauth login -o token | entra-oauth decode",),
        takes="The token is read from a prompt or from standard input: other programs "
        "can see a command line, and the shell keeps it.",
    ),
    Verb(
        name="explain",
        module="explain",
        options=ExplainWordOptions,
        description="Explain a number of Entra's (AADSTS50011), an OAuth error "
        "(invalid_grant), a parameter (state), a member of a token (aud) or a rule of the "
        "linter (AR04). Works offline; nothing is sent.",
        examples=(
            "entra-oauth explain AADSTS50011",
            "entra-oauth explain invalid_grant",
            "entra-oauth explain aud",
            "entra-oauth explain AR04",
        ),
        takes="One word is explained at a time.",
    ),
    Verb(
        name="doctor",
        module="doctor.doctor",
        options=DoctorOptions,
        description="Look at browser, ports, proxy, certificates, clock and token store, and "
        "ask the authority for its discovery document: one request, without any secret. Exit "
        "code 8 means that something on this machine is in the way, 6 that the network is.",
        examples=(
            "entra-oauth doctor",
            "entra-oauth doctor --registration --tenant TENANT --client-id CLIENT",
            "entra-oauth doctor --class",
        ),
    ),
)
