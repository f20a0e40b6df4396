"""The verbs: what each is for, and which options it takes."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GROUPS", "VERBS", "Verb"]

_APP = ("tenant", "client-id", "scope", "cloud", "authority-host")
_REQUEST = ("redirect-uri", "response-mode", "prompt", "login-hint", "domain-hint")
_DOOR = ("paste", "port", "listen", "no-browser", "browser", "timeout")
_NETWORK = ("http-timeout", "ca-bundle", "allow-keylog")
_OUTPUT = ("output", "json", "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb; its module in this room has a `run(args, console) -> int`."""

    name: str
    module: str
    summary: str
    description: str
    options: tuple[str, ...]
    examples: tuple[str, ...] = ()
    output: str = "summary"
    """The format of the result unless another is asked for."""
    action: str = ""
    """The word that must follow the verb, where there is one."""
    word: str = ""
    """What may follow the verb freely, as the help names it; it is `args.word`."""
    takes: str = ""
    """What to do instead of giving the input as an argument."""


_ALL = (
    Verb(
        name="mirror",
        module="mirror",
        summary="the article's procedure, byte for byte: address, redirect, state, token request",
        description="Run the documented browser-and-curl procedure exactly: no PKCE, no refresh "
        "token, nothing kept. Prints the access token.",
        options=("print", "prove", *_APP, "state", *_REQUEST, *_DOOR, *_NETWORK, *_OUTPUT),
        examples=(
            "entra-oauth mirror --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --print --tenant TENANT --client-id CLIENT",
            "entra-oauth mirror --prove",
        ),
        output="token",
    ),
    Verb(
        name="authorize-url",
        module="authorize_url",
        summary="the first half: print the authorize URL and remember its state",
        description="Print the authorize URL. What `exchange` must know (state, verifier, nonce) "
        "is kept for an hour in a file that only you can read.",
        options=("procedure", *_APP, "state", *_REQUEST, "json", "quiet"),
        examples=("entra-oauth authorize-url --tenant TENANT --client-id CLIENT",),
    ),
    Verb(
        name="exchange",
        module="exchange",
        summary="the second half: read the final address, check its state, redeem the code",
        description="Read the address that the browser ended on, from a prompt or from standard "
        "input, find the request that it answers, and redeem its code. Prints the access token.",
        options=(*_APP, "state", "redirect-uri", *_NETWORK, *_OUTPUT),
        examples=("entra-oauth exchange", "pbpaste | entra-oauth exchange"),
        output="token",
        takes="The address is read from a prompt or from standard input: other programs can see a "
        "command line, and the shell keeps it. If it held a code, sign in again.",
    ),
    Verb(
        name="login",
        module="login",
        summary="sign in safely: PKCE, a checked ID token, the code kept out of the history",
        description="Sign in with everything that is advised today: PKCE S256, a 256-bit state, "
        "a nonce, form_post. Prints who signed in and until when.",
        options=(*_APP, *_REQUEST, *_DOOR, *_NETWORK, *_OUTPUT),
        examples=(
            "entra-oauth login --tenant TENANT --client-id CLIENT",
            "entra-oauth login --tenant TENANT --client-id CLIENT -o token",
        ),
    ),
    Verb(
        name="decode",
        module="decode",
        summary="show what a token says, in words (not verified)",
        description="Read a JWT from a prompt or from standard input and show what it says. "
        "Nothing is sent anywhere and nothing is verified.",
        options=("json",),
        examples=("entra-oauth login -o token | entra-oauth decode",),
        takes="The token is read from a prompt or from standard input: other programs can see a "
        "command line, and the shell keeps it.",
    ),
    Verb(
        name="explain",
        module="explain",
        summary="what an error, a parameter or a claim means, and what to do",
        description="Explain a number of Entra's (AADSTS50011), an OAuth error (invalid_grant), a "
        "parameter (state) or a member of a token (aud). Works offline; nothing is sent.",
        options=("json",),
        examples=(
            "entra-oauth explain AADSTS50011",
            "entra-oauth explain invalid_grant",
            "entra-oauth explain aud",
        ),
        word="WORD",
        takes="One word is explained at a time.",
    ),
    Verb(
        name="practice",
        module="practice",
        summary="serve: an Entra-shaped authority on this machine, for practice",
        description="Serve the practice tenant on loopback until Ctrl-C. Its users, apps and "
        "tokens are toys; its manners are Entra's.",
        options=("practice-port", "quiet"),
        examples=("entra-oauth practice serve", "entra-oauth practice serve --port 8400"),
        action="serve",
    ),
    Verb(
        name="demo",
        module="demo",
        summary="a whole sign-in on the practice tenant, told message by message",
        description="Start the practice tenant, sign in through the real listener, show each "
        "message with its secrets masked, decode the token and use it. Needs no account, no "
        "network and no browser.",
        options=("demo-browser", "demo-procedure"),
        examples=("entra-oauth demo", "entra-oauth demo --browser"),
    ),
)

VERBS = {verb.name: verb for verb in _ALL}

GROUPS = (
    ("The article", ("mirror", "authorize-url", "exchange")),
    ("Get tokens", ("login",)),
    ("See", ("decode", "explain")),
    ("Learn", ("demo", "practice")),
)
