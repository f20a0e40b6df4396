"""authorize-url: the first half of the procedure, and nothing is sent."""

from __future__ import annotations

from entra_oauth.cli.article import pending_request
from entra_oauth.cli.options.common_options import NetworkOptions
from entra_oauth.cli.sign_in.plan import plan_of, say_findings
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.endpoints.authorize import Procedure
from entra_oauth.protocol.messages import HttpRequest

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Session
    from entra_oauth.cli.verbs.article_verbs import AuthorizeUrlOptions

__all__ = ["run"]


def run(options: AuthorizeUrlOptions, session: Session) -> int:
    """Print the URL and remember what `exchange` must know."""
    console = session.console
    if options.page.response_mode == "form_post":
        raise UsageError(
            "With form_post the final page leaves nothing to paste.",
            advice="Leave --response-mode out, or use entra-oauth login.",
        )
    plan = plan_of(
        options.app,
        Procedure(options.procedure),
        page=options.page,
        network=NetworkOptions(),
        state=options.article.state,
    )
    request = plan.request(redirect_uri=options.page.redirect_uri, response_mode="query")
    pending_request.keep(request)
    if console.as_json:
        console.result_json(
            {
                "schema": "entra-oauth/authorize-url/1",
                "url": request.url,
                "procedure": request.procedure.value,
                "parameters": [list(pair) for pair in request.parameters],
            }
        )
    else:
        console.result(request.url)
    console.say(
        "\nOpen it in a browser and sign in. The browser ends on a page that does not load:\n"
        "its address is the answer. Give it to nobody."
    )
    say_findings(console, HttpRequest(method="GET", url=request.url))
    console.say("Next: entra-oauth exchange")
    return 0
