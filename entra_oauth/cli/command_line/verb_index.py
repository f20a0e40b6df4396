"""The index of the verbs: a line for each, and the file that declares it.

The rest of a verb is imported for that verb alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from entra_oauth.cli.command_line.declare import Verb

__all__ = ["PARTS", "SUMMARIES", "actions_of", "split_verb", "verb_named"]

PARTS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "The article",
        "article_verbs",
        (
            (
                "mirror",
                "the article's procedure, byte for byte: address, redirect, state, token request",
            ),
            ("authorize-url", "the first half: print the authorize URL and remember its state"),
            (
                "exchange",
                "the second half: read the final address, check its state, redeem the code",
            ),
        ),
    ),
    (
        "Get tokens",
        "get_tokens_verbs",
        (
            ("login", "sign in safely: PKCE, a checked ID token, the code kept out of the history"),
            ("token", "a valid access token: kept, or renewed; the person is not asked"),
            ("refresh", "a refresh token from standard input for a fresh access token"),
            ("status", "who has signed in, until when, and where each value comes from"),
            ("logout", "forget an account's tokens, and say what is still honoured"),
        ),
    ),
    (
        "Use tokens",
        "use_tokens_verbs",
        (
            ("api", "call the API of a Databricks workspace with the token"),
            ("run", "run a program with the token in its environment"),
            ("serve metadata", "tokens for the Databricks SDKs, renewed as needed"),
            ("credential kubectl", "an ExecCredential for kubectl"),
            ("credential az", "what `az account get-access-token` prints, without az"),
            ("credential databricks-cli", "what `databricks auth token` prints"),
            ("credential git", "a credential helper of git, for the hosts of the profile"),
        ),
    ),
    (
        "Profiles",
        "profile_verbs",
        (
            ("profile list", "the profiles"),
            ("profile show", "what a profile says"),
            ("profile set", "set values of a profile"),
            ("profile use", "make a profile the default"),
            ("profile delete", "remove a profile (its tokens stay)"),
        ),
    ),
    (
        "See",
        "see_verbs",
        (
            ("decode", "show what a token says, in words (not verified)"),
            ("explain", "what an error, a parameter, a claim or a lint rule means"),
        ),
    ),
    (
        "",
        "doctor_verbs",
        (("doctor", "what on this machine, its network and the registration is in the way"),),
    ),
    (
        "",
        "see_verbs",
        (
            (
                "completion",
                "a script for bash, zsh, fish or PowerShell that completes verbs and options",
            ),
        ),
    ),
    (
        "Audit",
        "audit_verbs",
        (
            ("audit show", "a recording as a list, or one step of it to the byte"),
            ("audit lint", "an exchange judged, rule by rule, each with its source"),
            ("audit diff", "two requests compared on five layers, with a verdict"),
            ("audit redact", "take the secrets out of a HAR file, and say what was removed"),
            (
                "audit export",
                "a recording as a report, HAR, curl commands, raw HTTP, a diagram or Markdown",
            ),
            (
                "audit import",
                "a recording from a HAR file: the OAuth exchanges picked out, the secrets too",
            ),
            ("audit replay", "a recorded request sent again, to a practice tenant"),
            ("audit seal", "sign a recording with an SSH key"),
            ("audit verify", "check that a recording is as it was written, and its seal"),
        ),
    ),
    (
        "Learn",
        "lesson_verbs",
        (
            (
                "learn",
                "ten short chapters: the code flow by hand, on this machine, your answers checked",
            ),
            ("lab", "an attack that works on a naive client, then stopped, then repaired by you"),
            ("lab list", "eighteen attacks, each with its RFC section"),
            ("lab check", "try the function that you repaired"),
            ("demo", "a whole sign-in on the practice tenant, told message by message"),
        ),
    ),
    (
        "",
        "practice_verbs",
        (
            ("practice serve", "an Entra-shaped authority on this machine, for practice"),
            (
                "practice run",
                "run a program that was written for Entra, unchanged, against the practice tenant",
            ),
            (
                "practice fault",
                "make a running practice tenant misbehave; without a fault: which are in force",
            ),
            ("practice clock", "put a running practice tenant's clock forward"),
        ),
    ),
)
"""A heading of the help (none: it goes on), a file of `cli.verbs`, names with summaries."""

SUMMARIES = {name: summary for _, _, entries in PARTS for name, summary in entries}
_DECLARED_IN = {name: file for _, file, entries in PARTS for name, _ in entries}


def verb_named(name: str) -> Verb:
    """The verb, with its options. Raises `KeyError` for a name that is none."""
    module = importlib.import_module(f"entra_oauth.cli.verbs.{_DECLARED_IN[name]}")
    verbs: tuple[Verb, ...] = module.VERBS
    return next(verb for verb in verbs if verb.name == name)


def split_verb(arguments: list[str]) -> tuple[str, list[str]]:
    """The verb's name, of one word or of two, and what comes after it."""
    two = " ".join(arguments[:2])
    return (two, arguments[2:]) if two in SUMMARIES else (arguments[0], arguments[1:])


def actions_of(name: str) -> list[str]:
    """The second words that may follow this first one."""
    return [each.partition(" ")[2] for each in SUMMARIES if each.startswith(f"{name} ")]
