# bash completion for entra-oauth: verbs, options and fixed values. Nothing is run for it.
_entra_oauth() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local verb=${COMP_WORDS[1]} word
    local -a known=() second=()
    COMPREPLY=()
    # bash takes --flow=NAME apart at the equals sign.
    if [[ $current == '=' ]]; then
        current=''
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case "$verb" in
@SECOND@
    esac
    if (( COMP_CWORD > 2 )); then
        for word in "${second[@]}"; do
            if [[ $word == "${COMP_WORDS[2]}" ]]; then
                verb="$verb $word"
            fi
        done
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word == '--' ]]; then
            return 0
        fi
    done
    if (( COMP_CWORD == 1 )); then
        known=(@FIRST@)
    else
        case "$verb $previous" in
@VALUES@
        *)
            if [[ $current == -* ]]; then
                case "$verb" in
@FLAGS@
                esac
            elif (( COMP_CWORD == 2 )); then
                known=("${second[@]}")
            fi
            ;;
        esac
    fi
    for word in "${known[@]}"; do
        if [[ $word == "$current"* ]]; then
            COMPREPLY+=("$word")
        fi
    done
}
complete -o default -F _entra_oauth entra-oauth
