"""refresh: a refresh token from standard input for fresh tokens."""

from __future__ import annotations

from entra_oauth.cli.output.token_output import print_tokens
from entra_oauth.cli.session.secret_input import read_token
from entra_oauth.cli.sign_in.choose_receiver import back_channels
from entra_oauth.cli.sign_in.other_flows import ask_for_person
from entra_oauth.cli.sign_in.plan import check_asked
from entra_oauth.errors import AuthorityError, SignInRequired, UsageError
from entra_oauth.flows.refresh_token import refresh
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.glossary.aadsts import is_dead
from entra_oauth.protocol.loose_input import is_jwt
from entra_oauth.shell_words import piped_in

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.get_tokens_verbs import RefreshOptions

__all__ = ["run"]


def run(options: RefreshOptions, session: Session) -> int:
    """Read a refresh token, exchange it, print the access token.

    A refresh token that the authority calls dead ends with exit code 4: a person must
    sign in. Any other refusal leaves it good.
    """
    console = session.console
    check_asked(options.app)
    access_request = ask_for_person(options.app, options.request)
    token = read_token(
        console,
        what="refresh token",
        advice=f"Pipe one in: {piped_in('FILE', 'entra-oauth refresh')}",
        members=("refresh_token",),
    )
    if is_jwt(token):
        raise UsageError(
            "That is a JWT, as access tokens and ID tokens are, and no refresh token.",
            advice="Nothing was sent. Give the refresh_token of the answer.",
        )
    with back_channels(options.network, session) as channels:
        try:
            tokens = refresh(
                access_request, token, channels, timeout_s=options.network.http_timeout
            )
        except AuthorityError as error:
            if is_dead(error):
                error.exit_code = SignInRequired.exit_code
            raise
    if tokens.refresh_token != token and options.output.output != "json":
        console.say("Note: a new refresh token came too; -o json shows it. The old one works on.")
    print_tokens(
        tokens,
        access_request,
        console,
        output=options.output.output,
        source="refresh_token",
        with_refresh=True,
    )
    return 0
