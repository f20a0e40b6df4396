"""The sign-in page: what it is asked, and how its answer comes back."""

from __future__ import annotations

from dataclasses import dataclass

from entra_oauth.cli.command_line.declare import PasteFrom, flag, option

__all__ = ["SignInPageOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPageOptions:
    """The authorization request, the browser that it opens in, and the redirect receiver."""

    HEADING = "sign-in page"

    no_browser: bool = flag("open no browser, print the address only")
    browser: str | None = option("command that opens the address; %%s stands for it", metavar="CMD")
    paste: PasteFrom | None = option(
        "no listener: paste the final address instead; `--paste -` reads standard input",
        metavar="-",
    )
    timeout: int = option("seconds that you have to sign in", metavar="S", default=300)
    prompt: str | None = option(
        "what the sign-in page must ask",
        metavar="WHAT",
        choices=("login", "none", "consent", "select_account"),
    )
    login_hint: str | None = option("user name to fill in on the sign-in page", metavar="USER")
    domain_hint: str | None = option("skip the search for the home realm", metavar="DOMAIN")
    redirect_uri: str | None = option(
        "redirect URI as registered (default: http://localhost)", metavar="URI"
    )
    port: int | None = option(
        "port that the listener takes (default: a free one)", metavar="N", most=65535
    )
    listen: str | None = option(
        "address to listen on, for containers only; anything but loopback is risky", metavar="ADDR"
    )
    response_mode: str | None = option(
        "how the answer comes back: form_post or query (default: form_post for login, query for "
        "the article and where the answer is pasted)",
        metavar="MODE",
        choices=("form_post", "query"),
    )

    @property
    def registered_uri(self) -> str:
        """The redirect URI as the app registration has it."""
        return self.redirect_uri or "http://localhost"
