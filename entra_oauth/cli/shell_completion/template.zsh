#compdef entra-oauth
# zsh completion for entra-oauth: verbs, options and fixed values. Nothing is run for it.
_entra_oauth() {
    local verb=${words[2]} previous=${words[CURRENT-1]} word
    local -a known second
    local -i takes_value=1
    case "$verb" in
@SECOND@
    esac
    if (( CURRENT > 3 )) && (( ${second[(Ie)${words[3]}]} )); then
        verb="$verb ${words[3]}"
    fi
    if (( ${words[(Ie)--]} && ${words[(Ie)--]} < CURRENT )); then
        _default
        return
    fi
    if (( CURRENT == 2 )); then
        known=(@FIRST@)
        compadd -a -- known
        return
    fi
    if [[ $PREFIX == --*=* ]]; then
        previous=${PREFIX%%=*}
        compset -P '*='
    fi
    case "$verb $previous" in
@VALUES@
    *)
        takes_value=0
        ;;
    esac
    if (( ! takes_value )); then
        if [[ $PREFIX == -* ]]; then
            case "$verb" in
@FLAGS@
            esac
        elif (( CURRENT == 3 )); then
            known=("${second[@]}")
        fi
    fi
    if (( ${#known} )); then
        compadd -a -- known
    else
        _default
    fi
}
if [[ ${funcstack[1]} == _entra-oauth ]]; then
    _entra_oauth "$@"
else
    compdef _entra_oauth entra-oauth
fi
