"""explain: the meaning of an error, a parameter, a claim or a rule. Nothing is sent."""

from __future__ import annotations

import re
from dataclasses import asdict

from entra_oauth.cli.session.wrap import prose, width
from entra_oauth.errors import UsageError
from entra_oauth.light import TYPE_CHECKING
from entra_oauth.protocol.glossary.lookup import Explanation, explain

if TYPE_CHECKING:
    from entra_oauth.cli.session.console import Console, Session
    from entra_oauth.cli.verbs.see_verbs import ExplainWordOptions

__all__ = ["describe", "run"]

_KINDS = {
    "code": "a number of Entra's",
    "error": "an OAuth error",
    "suberror": "Entra's finer word for an error",
    "parameter": "a parameter",
    "claim": "a member of a token",
    "term": "a word of this field",
}
_RULE = re.compile(r"(?i)(?:AR|RR|TR|TS|ID|AT|RS|DV|HR|PL)[0-9]{2}")
_HELPERS = (
    ("retry", "trying again"),
    ("person", "a sign-in in the browser"),
    ("administrator", "an administrator"),
)
_EVIDENCE = {
    "recorded": "seen in a recorded answer",
    "documented": "documented by Microsoft",
    "code-ref": "from reports and the source of Microsoft's libraries",
    "memory": "not verified",
}


def run(options: ExplainWordOptions, session: Session) -> int:
    """Look a word up and show all its uses."""
    console = session.console
    word = " ".join(options.word).strip()
    if not word:
        raise UsageError(
            "There is nothing to explain.",
            advice="Give a number such as AADSTS50011, an error such as invalid_grant, or a name "
            "such as state or aud.",
        )
    if _RULE.fullmatch(word):
        _explain_rule(word.upper(), console)
        return 0
    found = explain(word)
    if console.as_json:
        console.result_json(
            {"schema": "entra-oauth/explanation/1", "entries": [asdict(each) for each in found]}
        )
        return 0
    console.result("\n\n".join("\n".join(describe(each, columns=width())) for each in found))
    return 0


def _explain_rule(name: str, console: Console) -> None:
    """A rule's page in the manual of the linter."""
    from entra_oauth.audit.rules.all_rules import BY_ID, NOT_JUDGED

    rule = BY_ID.get(name)
    if rule is None:
        if name in NOT_JUDGED:
            raise UsageError(
                f"{name} is known and not judged. {NOT_JUDGED[name]}",
                advice="A rule that is: entra-oauth explain AR04",
            )
        raise UsageError(
            f"The linter has no rule {name}.", advice="A rule that it has: entra-oauth explain AR04"
        )
    parts = rule.page()
    if console.as_json:
        members = {title.lower().replace(" ", "_"): text for title, text in parts}
        console.result_json({"schema": "entra-oauth/rule/1", "id": rule.id, **members})
        return
    console.result(f"{rule.id}: a rule of the linter")
    for title, text in parts:
        if text:
            console.result(prose(f"{title}: {text}", indent=2, columns=width()))


def describe(explanation: Explanation, *, columns: int) -> list[str]:
    """The lines of one use."""
    name = explanation.name + (f" ({explanation.oauth_error})" if explanation.oauth_error else "")
    rows = (
        ("Meaning", explanation.meaning),
        ("Usual cause", explanation.cause),
        ("What to do", explanation.action),
        ("What helps", _what_helps(explanation.helps)),
        ("Where", _where(explanation)),
        ("Source", explanation.source),
        ("Note", explanation.note),
        ("Known from", _EVIDENCE.get(explanation.evidence or "")),
    )
    lines = [f"{name}: {_KINDS[explanation.kind]}"]
    for title, text in rows:
        if text:
            lines.append(prose(f"{title}: {text}", indent=2, columns=columns))
    return lines


def _what_helps(helps: tuple[str, ...] | None) -> str | None:
    if helps is None:
        return None
    named = [words for name, words in _HELPERS if name in helps]
    return " or ".join(named) if named else "a change to the request or the app registration"


def _where(explanation: Explanation) -> str | None:
    if explanation.where is None:
        return None
    status = f", HTTP {explanation.http_status}" if explanation.http_status else ""
    return f"{explanation.where}{status}"
