"""The completion of fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.cli.shell_completion.known_words import KnownWords

__all__ = ["script"]

_START = """\
# fish completion for entra-oauth: verbs, options and fixed values. Nothing is run for it.
function __entra_oauth_is --argument-names wanted
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l complete (commandline --tokenize --cut-at-cursor --current-process --current-token)
    set -l verb "$words[2]"
    if contains -- -- $words
        return 1
    end
    if contains -- "$words[2] $words[3]" @TWO@
        set verb "$words[2] $words[3]"
    end
    test "$verb" = "$wanted"
end
complete --command entra-oauth --no-files
"""


def script(words: KnownWords) -> str:
    """The script, for `~/.config/fish/completions/entra-oauth.fish`."""
    two = [f"{head} {tail}" for head, tails in words.second.items() for tail in tails]
    verbs = [word for word in words.first if not word.startswith("-")]
    lines = [_complete("", f"--arguments {_list(verbs)}")]
    lines += [
        _complete("", f"--long-option {word[2:]}") for word in words.first if word[:2] == "--"
    ]
    for head, tails in words.second.items():
        lines.append(_complete(head, f"--arguments {_list(tails)}"))
    for verb, flags in words.flags.items():
        for flag in flags:
            kind = "--long-option" if flag.startswith("--") else "--short-option"
            option = f"{kind} {_quoted(flag.lstrip('-'))}"
            choices = words.values.get((verb, flag))
            if choices:
                option += f" --exclusive --arguments {_list(choices)}"
            elif choices is not None:
                option += " --require-parameter --force-files"
            lines.append(_complete(verb, option))
    return _START.replace("@TWO@", " ".join(map(_quoted, two))) + "\n".join(lines) + "\n"


def _complete(verb: str, what: str) -> str:
    condition = _quoted(f"__entra_oauth_is {_quoted(verb)}")
    return f"complete --command entra-oauth --condition {condition} {what}"


def _list(words: Iterable[str]) -> str:
    return _quoted(" ".join(words))


def _quoted(word: str) -> str:
    """In single quotes, in which only the backslash and the quote have a meaning."""
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"
