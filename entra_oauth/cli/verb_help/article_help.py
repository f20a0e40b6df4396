"""What the help says of the verbs under `The article`."""

from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["VERBS"]

VERBS = (
    VerbHelp(
        name="mirror",
        summary=("the article's procedure, byte for byte: address, redirect, state, token request"),
        description=(
            "Run the documented browser-and-curl procedure exactly: no PKCE, no refresh token, "
            "nothing kept. Prints the access token."
        ),
        examples=(
            "entra-oauth mirror --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --print --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --prove",
        ),
    ),
    VerbHelp(
        name="authorize-url",
        summary="the first half: print the authorize URL and remember its state",
        description=(
            "Print the authorize URL. What `exchange` must know (state, verifier, nonce) is kept "
            "for an hour in a file that only you can read."
        ),
        examples=("entra-oauth authorize-url --tenant TENANT --client-id CLIENT",),
    ),
    VerbHelp(
        name="exchange",
        summary="the second half: read the final address, check its state, redeem the code",
        description=(
            "Read the address that the browser ended on, from a prompt or from standard input, "
            "find the request that it answers, and redeem its code. Prints the access token."
        ),
        examples=("entra-oauth exchange", "pbpaste | entra-oauth exchange"),
        takes=(
            "The address is read from a prompt or from standard input: other programs can see a "
            "command line, and the shell keeps it. If it held a code, sign in again."
        ),
    ),
)
