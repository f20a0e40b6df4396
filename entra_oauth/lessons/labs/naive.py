"""A client, an authority and an API that are WRONG ON PURPOSE, to be attacked in the labs.

Never copy from this file. Each place that is wrong says so with the word WRONG and the
number of the lab that attacks it. Only `lessons/labs` may import it, and a test sees to
that. It is the kind of code that is found in the first hit of a search: it works on every
day on which nobody means harm.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from entra_oauth.protocol.messages import FORM, HttpRequest, HttpResponse, parse_form

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NaiveApi", "NaiveAuthority", "NaiveClient", "naive_claims", "naive_page"]

CLIENT_ID = "12a34b56-789c-0d12-e3fa-b456789c0123"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"


def _any_code(fields: list[tuple[str, str]]) -> str:
    """WRONG (lab 1): state is not looked at. WRONG (lab 6): nor is iss."""
    return dict(fields)["code"]


@dataclass
class NaiveClient:
    """Signs people in, and trusts whatever comes back."""

    send: Callable[[HttpRequest], HttpResponse]
    authorize_endpoint: str
    token_endpoint: str
    redirect_uri: str
    verifier: str = field(default="", repr=False)
    """With one it does PKCE; the labs that are about something else leave it out."""
    challenge: str = field(default="", repr=False)
    """Instead of the verifier's hash: what the function under attack made of it."""
    state: str = field(default="12345", repr=False)  # WRONG (lab 1): everybody knows it
    accept: Callable[[list[tuple[str, str]]], str] = field(default=_any_code, repr=False)
    """The code of a redirect. In `lab check` the learner's function stands here."""
    log: list[str] = field(default_factory=list)

    def authorize_url(self) -> str:
        """The address to which it sends the person."""
        fields = {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "response_mode": "query",
            "scope": SCOPE,
            "state": self.state,
        }
        if self.verifier:  # WRONG (lab 2): without one, whoever has the code has the token
            digest = hashlib.sha256(self.verifier.encode()).digest()
            challenge = self.challenge or urlsafe_b64encode(digest).rstrip(b"=").decode()
            fields |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return f"{self.authorize_endpoint}?{urlencode(fields)}"

    def callback(self, request: HttpRequest) -> HttpResponse:
        """The answer of its listener to a redirect."""
        try:
            code = self.accept(list(parse_form(request.query)))
        except ValueError:
            return HttpResponse(status=400, body=b"That is not the answer to our question.")
        self.tokens = self.redeem(code)
        return naive_page(request.query)

    def redeem(self, code: str) -> dict[str, Any]:
        """The code for tokens."""
        return self.post(self.token_endpoint, self.form(code))

    def form(self, code: str) -> dict[str, str]:
        """The parameters of a token request."""
        fields = {
            "client_id": CLIENT_ID,
            "scope": SCOPE,
            "code": code,
            "redirect_uri": self.redirect_uri,
            "grant_type": "authorization_code",
        }
        if self.verifier:
            fields["code_verifier"] = self.verifier
        return fields

    def password(self, username: str, password: str) -> dict[str, Any]:
        """A token for a password. WRONG (lab 14): it asks people for their password at all."""
        fields = {
            "client_id": CLIENT_ID,
            "scope": SCOPE,
            "username": username,
            "password": password,
            "grant_type": "password",
        }
        return self.post(self.token_endpoint, fields)

    def post(self, url: str, fields: dict[str, str]) -> dict[str, Any]:
        """A form to the authority."""
        request = HttpRequest(
            method="POST",
            url=url,
            headers=(("Content-Type", FORM),),
            body=urlencode(fields).encode(),
        )
        response = self.send(request)
        location = response.header("Location")
        if response.status in (307, 308) and location:
            # WRONG (lab 7): the code goes wherever the answer says
            return self.post(location, fields)
        # WRONG (lab 10): the whole answer in the log, tokens and all
        self.log.append(f"DEBUG POST {url} -> {response.status} {response.body.decode()}")
        answer: dict[str, Any] = json.loads(response.body or b"{}")
        return answer

    def go_on(self, request: HttpRequest) -> HttpResponse:
        """After the sign-in. WRONG (lab 18): state is the address to go to."""
        query = parse_qs(urlsplit(request.url).query)
        return HttpResponse(status=302, headers=(("Location", query["state"][0]),))


def naive_page(query: str) -> HttpResponse:
    """Its landing page, at the address that holds the code.

    WRONG (lab 9): the address stays in the bar and in the history. WRONG (lab 16): an image
    from elsewhere, and a policy that tells it the whole address. WRONG (lab 18): no header
    says that nobody may frame it.
    """
    image = "http://statistics.example/pixel.gif"
    page = (
        '<!doctype html><html lang="en"><meta name="referrer" content="unsafe-url">'
        f'<title>Signed in</title><h1>Signed in</h1><img alt="" src="{image}">'
    )
    return HttpResponse(
        status=200, headers=(("Content-Type", "text/html"),), body=page.encode("utf-8")
    )


def _fits(challenge: str | None, verifier: str | None) -> bool:
    """WRONG (lab 5): a verifier is only looked at where there was a challenge."""
    if not challenge:
        return True
    digest = hashlib.sha256((verifier or "").encode()).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


def _begins_alike(registered: list[str], asked: str) -> bool:
    """WRONG (lab 4): `http://localhost.evil.example` begins with it too."""
    return any(asked.startswith(uri) for uri in registered)


@dataclass
class NaiveAuthority:
    """An authority that checks too little. `person` is whoever is signed in there."""

    registered: str = "http://localhost"
    person: str = "alice"
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Code -> for whom, and the challenge."""
    is_registered: Callable[[list[str], str], bool] = field(default=_begins_alike, repr=False)
    may_redeem: Callable[[str | None, str | None], bool] = field(default=_fits, repr=False)

    def handle(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/authorize":
            return self._authorize(dict(parse_form(request.query)))
        return self._token(dict(parse_form(request.body.decode())))

    def _authorize(self, asked: dict[str, str]) -> HttpResponse:
        redirect_uri = asked["redirect_uri"]
        if not self.is_registered([self.registered], redirect_uri):
            return HttpResponse(status=400, body=b"redirect_uri is not registered")
        code = f"naive-code-{len(self.codes) + 1}"
        self.codes[code] = (self.person, asked.get("code_challenge", ""))
        answer = urlencode({"code": code, "state": asked.get("state", "")})
        return HttpResponse(status=302, headers=(("Location", f"{redirect_uri}?{answer}"),))

    def _token(self, form: dict[str, str]) -> HttpResponse:
        code = form.get("code", "")
        if code not in self.codes:
            return HttpResponse(status=400, body=b'{"error":"invalid_grant"}')
        person, challenge = self.codes[code]  # WRONG (lab 3): it stays good
        if not self.may_redeem(challenge or None, form.get("code_verifier")):
            return HttpResponse(status=400, body=b'{"error":"invalid_grant"}')
        answer = {"access_token": f"naive-token-of-{person}", "token_type": "Bearer"}
        return HttpResponse(status=200, body=json.dumps(answer).encode())


@dataclass
class NaiveApi:
    """An API that is glad of every token."""

    seen: list[str] = field(default_factory=list)

    def handle(self, request: HttpRequest) -> HttpResponse:
        token = (request.header("Authorization") or "").removeprefix("Bearer ")
        self.seen.append(token)
        claims = _part(token.split(".")[1])
        # WRONG (lab 12): whom the token is for (aud) is not looked at
        return HttpResponse(status=200, body=f"Hello, {claims.get('upn')}".encode())


def naive_claims(token: str, public_key: bytes) -> dict[str, Any] | None:
    """The claims of a token, "checked"; None if it is not good.

    WRONG (lab 13): the token itself says how it is to be checked.
    """
    head, body, signature = token.split(".")
    algorithm = _part(head).get("alg")
    if algorithm == "none":
        return _part(body)
    if algorithm == "HS256":
        made = hmac.new(public_key, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return _part(body) if urlsafe_b64encode(made).rstrip(b"=").decode() == signature else None
    return None


def _part(text: str) -> dict[str, Any]:
    part: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return part
