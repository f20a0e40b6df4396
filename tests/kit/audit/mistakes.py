"""One mistake for each rule that a sign-in can break, as a change of a right one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from entra_oauth.protocol.messages import FORM, HttpResponse, encode_form
from entra_oauth.recording import Exchange, Recording
from kit.audit.changes import (
    Change,
    answer,
    answer_header,
    answer_status,
    chain,
    claims,
    form,
    header,
    moved,
    query,
    timed,
)
from kit.audit.client_kinds import STATE
from kit.audit.exchanges import json_answer, step
from kit.audit.judged import ENDPOINTS, jwt

__all__ = ["MISTAKES", "Mistake"]

LONG = "a" * 60
PUBLIC = ("native", "single-page")


@dataclass(frozen=True)
class Mistake:
    """A change, and the rule that it breaks."""

    rule: str
    change: Change
    kinds: tuple[str, ...] = ("native", "web", "single-page")
    """Clients for which it is one."""


def came(**fields: str | None) -> Change:
    """Fields of the answer, in the address or in the body."""

    def done(recording: Recording) -> Recording:
        posted = any(e.note == "accepted" and e.request.body for e in recording.exchanges)
        return (form if posted else query)("accepted", **fields)(recording)

    return done


def again(note: str, seconds: float = 1.0) -> Change:
    """The exchange of that note once more."""

    def late(exchange: Exchange) -> Exchange:
        start, end = exchange.started_at + seconds, exchange.ended_at + seconds
        return replace(exchange, started_at=start, ended_at=end)

    def done(recording: Recording) -> Recording:
        more = [late(each) for each in recording.exchanges if each.note.startswith(note)]
        return _in_order(recording, *more)

    return done


def also(exchange: Exchange) -> Change:
    """One exchange more, after all others."""

    def done(recording: Recording) -> Recording:
        end = max(each.ended_at for each in recording.exchanges)
        return _in_order(recording, replace(exchange, started_at=end + 1, ended_at=end + 1))

    return done


def _in_order(recording: Recording, *more: Exchange) -> Recording:
    return Recording(tuple(sorted((*recording.exchanges, *more), key=lambda each: each.started_at)))


def without(note: str) -> Change:
    """No exchange of that note."""
    return lambda recording: Recording(
        tuple(each for each in recording.exchanges if not each.note.startswith(note))
    )


def _over_http(url: str) -> str:
    return url.replace("https://", "http://")


def _elsewhere(url: str) -> str:
    return f"https://login.evil.example/{url.split('/', 3)[3]}"


def _at_another_too(recording: Recording) -> Recording:
    """The same question to another authority, with another state, after all others."""
    asked = next(each for each in recording.exchanges if each.note.startswith("authorize"))
    there = f"https://login.other.example/{asked.request.url.split('/', 3)[3]}"
    page = HttpResponse(status=200, headers=(("Content-Type", "text/html"),), body=b"<p>Sign in")
    late = replace(asked, request=replace(asked.request, url=there), response=page)
    (other,) = query(state=f"{STATE[::-1]}x")(Recording((late,))).exchanges
    return also(other)(recording)


def _proof() -> str:
    """An app's proof for Entra."""
    claims_in_it = {"iss": "x", "sub": "x", "aud": f"{ENDPOINTS}/token"}
    return jwt({"alg": "PS256"}, claims_in_it, LONG)


PROOF = step(
    "par",
    "POST",
    "https://login.evil.example/par",
    headers=(("Content-Type", FORM),),
    body=encode_form((("client_id", "x"), ("client_assertion", _proof()))).encode(),
    response=json_answer({"error": "temporarily_unavailable"}, 400),
)
OF_ANOTHER = step(
    "metadata of the API",
    "GET",
    "https://weather.example/.well-known/oauth-protected-resource",
    response=json_answer({"resource": "https://mail.example/api"}),
)

MISTAKES = [
    Mistake("AR01", moved("authorize", _over_http)),
    Mistake("AR02", query(response_type="code token")),
    Mistake("AR04", query(code_challenge=None, code_challenge_method=None)),
    Mistake("AR05", query(code_challenge_method="plain")),
    Mistake("AR06", query(code_challenge=LONG)),
    Mistake("AR07", query(state=None, nonce=None, code_challenge=None)),
    Mistake("AR08", query(state="12345")),
    Mistake("AR09", again("authorize")),
    Mistake("AR10", query(state="eyJyZXR1cm5UbyI6Ii9hZG1pbiJ9")),
    Mistake("AR11", query(nonce=None)),
    Mistake("AR12", query(nonce=STATE)),
    Mistake("AR13", again("authorize")),
    Mistake("AR14", query(redirect_uri="/cb")),
    Mistake("AR15", query(redirect_uri="http://app.example/cb")),
    Mistake("AR17", query(redirect_uri="urn:ietf:wg:oauth:2.0:oob")),
    Mistake("AR19", query(response_mode="fragment"), ("native",)),
    Mistake("AR20", query(client_secret="Ab~8Q-s3cret")),
    Mistake("AR21", moved("authorize", lambda url: f"{url}&scope=again")),
    Mistake("AR22", query(scope="https://graph.microsoft.com/.default User.Read")),
    Mistake("AR28", query(resource="https://mcp.example/mcp", scope="api://x/read openid")),
    Mistake("AR26", query(scope="https://graph.microsoft.us/.default")),
    Mistake("AR29", _at_another_too, ("web", "single-page")),
    Mistake("RR01", came(state=LONG)),
    Mistake("RR01", came(state=None)),
    Mistake("RR02", came(error="access_denied")),
    Mistake("RR04", came(iss="https://login.evil.example")),
    Mistake("RR05", came(access_token=LONG)),
    Mistake("RR09", answer_header("accepted", "Cache-Control", "private"), ("native",)),
    Mistake("RR10", answer_status("accepted", 200, b"<script>x</script>"), ("native",)),
    Mistake("RR16", timed("token", 900)),
    Mistake("RR17", came(code="12345678")),
    Mistake("TR01", moved("token", _over_http)),
    Mistake("TR02", header("token", "Content-Type", f"{FORM}; charset=latin1")),
    Mistake("TR03", moved("token", lambda url: f"{url}?client_secret=s3cret")),
    Mistake("TR05", form(code=LONG)),
    Mistake("TR06", form(redirect_uri="http://localhost/other")),
    Mistake("TR07", form(code_verifier=None)),
    Mistake("TR08", form(code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
    Mistake("TR09", form(code_verifier="short")),
    Mistake("TR10", again("token")),
    Mistake("TR11", form(client_id="12a34b56-0000-0d12-e3fa-b456789c0123")),
    Mistake("TR12", header("token", "Authorization", "Basic eDpzZWNyZXQ="), ("web",)),
    Mistake("TR13", header("token", "Cookie", "fpc=abc"), ("native",)),
    Mistake("TR14", form(client_secret="s3cret"), ("native",)),
    Mistake("TR16", form(grant_type="password")),
    Mistake("TR17", form(grant_type="implicit")),
    Mistake("TR18", form(state="x")),
    Mistake("TR19", header("token", "Origin", "http://localhost"), ("native",)),
    Mistake("TR21", moved("token", _elsewhere)),
    Mistake(
        "TR23",
        chain(
            answer_status("token", 307, b"", ("Location", "https://other.example/token")),
            also(
                step("token", "POST", "https://other.example/token", response=json_answer({}, 400))
            ),
        ),
    ),
    Mistake("TR26", header("token", "x-client-SKU", "MSAL.Python")),
    Mistake("TR27", form(resource="https://mcp.example/mcp", scope="api://x/read openid")),
    Mistake("TR28", answer_status("token", 400, b'{"error":"e","error_codes":[54005]}')),
    Mistake("TR29", also(PROOF)),
    Mistake("TS01", answer_status("token", 400)),
    Mistake("TS02", answer_header("token", "Cache-Control", "private")),
    Mistake("TS03", answer(token_type=...)),
    Mistake("TS04", answer(token_type="mac")),
    Mistake("TS05", answer(expires_in="never")),
    Mistake("TS06", answer(scope="https://graph.microsoft.com/Mail.Send")),
    Mistake("TS09", answer(error="invalid_grant")),
    Mistake("TS11", answer_status("token", 200, b'{"access_token":"a","access_token":"b"}')),
    Mistake("TS12", answer_header("token", "Access-Control-Allow-Origin", "*"), ("native",)),
    Mistake("TS13", answer_header("token", "Set-Cookie", "fpc=abc; path=/")),
    Mistake("ID01", claims("id_token", {"alg": "none"})),
    Mistake("ID03", claims("id_token", iss="https://login.evil.example/v2.0")),
    Mistake("ID04", claims("id_token", aud="another")),
    Mistake("ID05", claims("id_token", exp=1)),
    Mistake("ID06", claims("id_token", nonce=LONG)),
    Mistake("ID07", claims("id_token", at_hash="wrong")),
    Mistake("ID08", answer(id_token=...)),
    Mistake("AT01", claims("access_token", aud="2ff814a6-3304-4ab8-85cb-cd0e6f879c1d")),
    Mistake("AT02", claims("access_token", exp=9_999_999_999)),
    Mistake("AT03", claims("access_token", {"alg": "none"})),
    Mistake("RS01", moved("list", lambda url: f"{url}?access_token=abc")),
    Mistake("RS02", moved("list", _over_http)),
    Mistake("RS03", moved("list", lambda url: "https://evil.example/api")),
    Mistake("RS06", answer_status("list", 401)),
    Mistake("RS07", also(OF_ANOTHER)),
    Mistake("HR03", without("authorize")),
]
"""In the order of the rules."""
