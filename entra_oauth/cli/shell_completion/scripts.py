"""The completion of each shell: its template in this folder, and the words put into it.

That of bash is for version 4 and later. There `compgen -W` expands the words that it is given, so
each is compared in the script instead. PowerShell's was written by the manual, and not tried.
"""

from __future__ import annotations

import pkgutil

from entra_oauth.light import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.cli.shell_completion.known_words import KnownWords

__all__ = ["SCRIPTS", "quoted"]


def _filled(template: str, **parts: str) -> str:
    """The template with each part where its name stands, between two @."""
    data = pkgutil.get_data(__package__, f"template.{template}")
    assert data is not None  # noqa: S101 - a file of the package
    text = data.decode("utf-8")
    for name, part in parts.items():
        text = text.replace(f"@{name.upper()}@", part)
    return text


# ---- bash and zsh: words in single quotes, in which nothing has a meaning ------------------


def _bash(words: KnownWords) -> str:
    """The script, to be read by bash at its start."""
    return _posix("bash", words, indents=(4, 8, 16))


def _zsh(words: KnownWords) -> str:
    """The script, for a file `_entra-oauth` of `fpath`, or to be read after `compinit`."""
    return _posix("zsh", words, indents=(4, 4, 12))


def _posix(template: str, words: KnownWords, *, indents: tuple[int, int, int]) -> str:
    second = (((name,), each) for name, each in words.second.items())
    flags = (((name,), each) for name, each in words.flags.items())
    return _filled(
        template,
        second=_cases(second, "second", indent=indents[0]),
        first=_array(words.first),
        values=_cases(words.values.items(), "known", indent=indents[1]),
        flags=_cases(flags, "known", indent=indents[2]),
    )


def quoted(word: str) -> str:
    """A word in single quotes, even where none would be needed."""
    return "'" + word.replace("'", "'\\''") + "'"


def _array(words: Iterable[str]) -> str:
    return " ".join(map(quoted, words))


def _cases(
    entries: Iterable[tuple[tuple[str, ...], tuple[str, ...]]], variable: str, *, indent: int
) -> str:
    """The branches of a `case`, each of which sets the variable; equal ones are joined."""
    patterns: dict[tuple[str, ...], list[str]] = {}
    for key, words in entries:
        patterns.setdefault(words, []).append(quoted(" ".join(key)))
    pad = " " * indent
    return "\n".join(
        f"{pad}{' | '.join(names)})\n{pad}    {variable}=({_array(words)})\n{pad}    ;;"
        for words, names in patterns.items()
    )


# ---- fish ---------------------------------------------------------------------------------


def _fish(words: KnownWords) -> str:
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
            option = f"{kind} {_in_fish(flag.lstrip('-'))}"
            choices = words.values.get((verb, flag))
            if choices:
                option += f" --exclusive --arguments {_list(choices)}"
            elif choices is not None:
                option += " --require-parameter --force-files"
            lines.append(_complete(verb, option))
    return _filled("fish", two=" ".join(map(_in_fish, two)), complete="\n".join(lines))


def _complete(verb: str, what: str) -> str:
    condition = _in_fish(f"__entra_oauth_is {_in_fish(verb)}")
    return f"complete --command entra-oauth --condition {condition} {what}"


def _list(words: Iterable[str]) -> str:
    return _in_fish(" ".join(words))


def _in_fish(word: str) -> str:
    """In single quotes, in which only the backslash and the quote have a meaning."""
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


# ---- PowerShell -----------------------------------------------------------------------------


def _powershell(words: KnownWords) -> str:
    """The script, to be read by a profile."""
    values = {" ".join(key): each for key, each in words.values.items()}
    return _filled(
        "ps1",
        second=_entries(words.second.items()),
        flags=_entries(words.flags.items()),
        values=_entries(values.items()),
        first=_list_of(words.first),
    )


def _entries(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    return "\n".join(
        f"        {_in_powershell(key)} = @({_list_of(words)})" for key, words in pairs
    )


def _list_of(words: Iterable[str]) -> str:
    return ", ".join(map(_in_powershell, words))


def _in_powershell(word: str) -> str:
    """In single quotes, in which only the quote itself has a meaning."""
    return "'" + word.replace("'", "''") + "'"


SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell}
