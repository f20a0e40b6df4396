"""Words explained, a token shown, and the completion of a shell: decode, explain, completion."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import Verb, group, words
from entra_oauth.cli.options.output_options import OutputOptions

__all__ = ["VERBS", "CompletionOptions", "DecodeOptions", "ExplainWordOptions"]


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
        "linter (AR04). A whole error message may be pasted in quotation marks. Works "
        "offline; nothing is sent.",
        examples=(
            "entra-oauth explain AADSTS50011",
            "entra-oauth explain invalid_grant",
            "entra-oauth explain aud",
            "entra-oauth explain AR04",
        ),
        takes="One word is explained at a time; a whole message stands in quotation marks.",
    ),
)
