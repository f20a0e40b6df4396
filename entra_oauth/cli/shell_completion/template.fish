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
@COMPLETE@
