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
