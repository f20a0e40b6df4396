"""What the help says of the verbs under `Get tokens`."""

from entra_oauth.cli.verb_help.texts import VerbHelp

__all__ = ["VERBS"]

VERBS = (
    VerbHelp(
        name="login",
        summary="sign in safely: PKCE, a checked ID token, the code kept out of the history",
        description=(
            "Sign in with everything that is advised today: PKCE S256, a 256-bit state, a nonce, "
            "form_post. Prints who signed in and until when. With --flow in another way: on "
            "another device, with a password, or as the app itself."
        ),
        examples=(
            "entra-oauth login --tenant TENANT --client-id CLIENT",
            "entra-oauth login --explain --tenant TENANT --client-id CLIENT",
            "entra-oauth login --tenant TENANT --client-id CLIENT -o token",
            "entra-oauth login --flow device-code --tenant TENANT --client-id CLIENT",
            "entra-oauth login --flow client-credentials --certificate app.pem --tenant "
            "TENANT --client-id CLIENT",
        ),
    ),
    VerbHelp(
        name="token",
        summary="a valid access token: kept, or renewed; the person is not asked",
        description=(
            "Print the access token of whoever signed in. It is renewed when it is about to "
            "expire, by one process only, however many ask; that of an app with the app's own "
            "proof. Exit code 4 means that a person must sign in; --interactive lets them."
        ),
        examples=(
            "entra-oauth token",
            "entra-oauth token --scope graph -o json",
            'curl -H "$(entra-oauth token -o header)" https://…',
        ),
    ),
    VerbHelp(
        name="refresh",
        summary="a refresh token from standard input for a fresh access token",
        description=(
            "Read a refresh token from a prompt or from standard input and exchange it. Prints "
            "the access token; -o json holds the new refresh token too. Exit code 4 means that "
            "it is dead: sign in again."
        ),
        examples=("entra-oauth refresh --tenant TENANT --client-id CLIENT < FILE",),
        takes=(
            "The token is read from a prompt or from standard input: other programs can see a "
            "command line, and the shell keeps it."
        ),
    ),
    VerbHelp(
        name="status",
        summary="who has signed in, until when, and where each value comes from",
        description=(
            "Show the values that are used and where each comes from, the accounts that are kept "
            "here, and how long their tokens are good. Nothing is sent."
        ),
        examples=("entra-oauth status", "entra-oauth status --json"),
    ),
    VerbHelp(
        name="logout",
        summary="forget an account's tokens, and say what is still honoured",
        description=(
            "Remove an account's tokens from this machine. Nothing is sent: what the authority "
            "and the APIs still honour is said, with the address that signs the browser out, "
            "which is the result."
        ),
        examples=("entra-oauth logout", "entra-oauth logout --all"),
    ),
)
