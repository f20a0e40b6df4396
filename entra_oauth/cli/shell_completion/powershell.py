"""The completion of PowerShell. It was written by the manual, and not tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from entra_oauth.cli.shell_completion.known_words import KnownWords

__all__ = ["script"]

_TEMPLATE = """\
# PowerShell completion for entra-oauth: verbs, options and fixed values. Nothing is run for it.
Register-ArgumentCompleter -Native -CommandName 'entra-oauth' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $second = @{
@SECOND@
    }
    $flags = @{
@FLAGS@
    }
    $values = @{
@VALUES@
    }
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    if ($words -contains '--') { return }
    $verb = "$($words[1])"
    if ($words.Count -gt 2 -and $second[$verb] -contains $words[2]) { $verb = "$verb $($words[2])" }
    $previous = "$($words[-1])"
    $known = @()
    if ($words.Count -le 1) {
        $known = @(@FIRST@)
    } elseif ($values.ContainsKey("$verb $previous")) {
        $known = $values["$verb $previous"]
    } elseif ($wordToComplete.StartsWith('-')) {
        $known = $flags[$verb]
    } elseif ($words.Count -eq 2) {
        $known = $second[$verb]
    }
    $known | Where-Object { $_ -and $_.StartsWith($wordToComplete) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
"""


def script(words: KnownWords) -> str:
    """The script, to be read by a profile."""
    values = {" ".join(key): each for key, each in words.values.items()}
    return (
        _TEMPLATE.replace("@SECOND@", _entries(words.second.items()))
        .replace("@FLAGS@", _entries(words.flags.items()))
        .replace("@VALUES@", _entries(values.items()))
        .replace("@FIRST@", _array(words.first))
    )


def _entries(pairs: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    return "\n".join(f"        {_quoted(key)} = @({_array(words)})" for key, words in pairs)


def _array(words: Iterable[str]) -> str:
    return ", ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """In single quotes, in which only the quote itself has a meaning."""
    return "'" + word.replace("'", "''") + "'"
