"""What the help says of the verbs under `See`."""

from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["VERBS"]

VERBS = (
    VerbHelp(
        name="decode",
        summary="show what a token says, in words (not verified)",
        description=(
            "Read a JWT from a prompt or from standard input and show what it says. Nothing is "
            "sent anywhere and nothing is verified."
        ),
        examples=("entra-oauth login -o token | entra-oauth decode",),
        takes=(
            "The token is read from a prompt or from standard input: other programs can see a "
            "command line, and the shell keeps it."
        ),
    ),
    VerbHelp(
        name="explain",
        summary="what an error, a parameter, a claim or a lint rule means",
        description=(
            "Explain a number of Entra's (AADSTS50011), an OAuth error (invalid_grant), a "
            "parameter (state), a member of a token (aud) or a rule of the linter (AR04). A "
            "whole error message may be pasted, with or without quotation marks. Works offline; "
            "nothing is sent."
        ),
        examples=(
            "entra-oauth explain AADSTS50011",
            "entra-oauth explain invalid_grant",
            "entra-oauth explain aud",
            "entra-oauth explain AR04",
        ),
    ),
    VerbHelp(
        name="doctor",
        summary="what on this machine, its network and the registration is in the way",
        description=(
            "Look at browser, ports, proxy, certificates, clock and token store, and ask the "
            "authority for its discovery document: one request, without any secret. Exit code 8 "
            "means that something on this machine is in the way, 6 that the network is."
        ),
        examples=(
            "entra-oauth doctor",
            "entra-oauth doctor --registration --tenant TENANT --client-id CLIENT",
            "entra-oauth doctor --class",
        ),
    ),
    VerbHelp(
        name="completion",
        summary="a script for bash, zsh, fish or PowerShell that completes verbs and options",
        description=(
            "Print a script with which a shell completes verbs, options and fixed values. It "
            "holds nothing of this machine, of a profile or of a sign-in, and runs nothing when "
            "it completes. Tried with bash, zsh and fish; that of PowerShell was not tried."
        ),
        examples=(
            "entra-oauth completion bash > ~/.local/share/bash-completion/completions/entra-oauth",
            "entra-oauth completion zsh > ~/.zfunc/_entra-oauth",
            "entra-oauth completion fish > ~/.config/fish/completions/entra-oauth.fish",
            "entra-oauth completion powershell >> $PROFILE",
        ),
    ),
)
