"""mirror: the documented browser-and-curl procedure, byte for byte."""

from __future__ import annotations

from urllib.parse import quote_plus

from entra_oauth.cli.output.token_output import print_tokens
from entra_oauth.cli.sign_in.choose_receiver import pasted_uri, run_sign_in, use_workspace
from entra_oauth.cli.sign_in.plan import plan_of, say_findings
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import FORM, HttpRequest
from entra_oauth.shell_words import article_curl

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.article_verbs import MirrorOptions
    from entra_oauth.protocol.endpoints.authorize import AuthorizationRequest
    from entra_oauth.protocol.messages import Fields

__all__ = ["curl_command", "run"]


def run(options: MirrorOptions, session: Session) -> int:
    """Run the procedure; with --print or --prove, show what it would send."""
    console = session.console
    sends_nothing = options.print or options.prove
    if sends_nothing and "output" in options.output.origins.given and not console.as_json:
        raise UsageError(
            f"With {'--print' if options.print else '--prove'} there is no token to put out.",
            advice="Leave --output out, or use --json.",
        )
    if sends_nothing and options.recording.record is not None:
        raise UsageError(
            "There is nothing to record: no authority is talked to.",
            advice="Leave --record out, or --print and --prove.",
        )
    if options.prove:
        from entra_oauth.cli.article.curl_proof import prove

        return prove(options, console)
    app = use_workspace(options.app, options.network, session)
    plan = plan_of(
        app,
        Procedure.ARTICLE,
        page=options.page,
        network=options.network,
        state=options.article.state,
    )
    if options.print:
        request = plan.request(
            redirect_uri=pasted_uri(options.page),
            response_mode=options.page.response_mode or "query",
        )
        _print(request, console)
        say_findings(console, *_would_be_sent(request))
        console.say("\nNothing was sent.")
        return 0
    tokens = run_sign_in(plan, options.page, options.network, session)
    print_tokens(tokens, plan, console, output=options.output.output)
    return 0


def _print(request: AuthorizationRequest, console: Console) -> None:
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/mirror/1",
                "authorize_url": request.url,
                "curl": curl_command(request),
            }
        )
        return
    console.say("1. Open this address in a browser and sign in:\n")
    console.result(request.url)
    console.say(
        "\n2. The browser ends at the redirect URI. Check that the state in its address is\n"
        "   this one, and put the code from there in the place of <authorization-code>:\n"
    )
    console.result(curl_command(request))


def _would_be_sent(request: AuthorizationRequest) -> tuple[HttpRequest, HttpRequest]:
    """The address, and what curl would send."""
    return HttpRequest(method="GET", url=request.url), HttpRequest(
        method="POST",
        url=request.authority.token_endpoint,
        headers=(("Accept", "*/*"), ("Content-Type", FORM)),
        body="&".join(f"{name}={value}" for name, value in _fields(request)).encode("ascii"),
    )


def curl_command(request: AuthorizationRequest) -> str:
    """The article's curl command for a request, with a placeholder for the code."""
    return article_curl(request.authority.token_endpoint, _fields(request))


def _fields(request: AuthorizationRequest) -> Fields:
    """The form's names and values, encoded as they go on the wire."""
    return (
        ("client_id", quote_plus(request.client_id)),
        ("scope", quote_plus(request.scope)),
        ("code", "<authorization-code>"),
        ("redirect_uri", quote_plus(request.redirect_uri)),
        ("grant_type", "authorization_code"),
        ("state", quote_plus(request.state)),
    )
