_coursectl_completion() {
    local offer
    COMPREPLY=()
    while IFS= read -r offer; do
        COMPREPLY+=("$offer")
        # A folder goes on, and the name of a file may need quotes; bash sees to both.
        case $offer in
            */ | *.*) compopt -o filenames 2>/dev/null ;;
        esac
    done < <(
        IFS=$'\n'
        env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" \
            _COURSECTL_COMPLETE=complete_bash "$1" 2>/dev/null
    )
}

complete -o default -F _coursectl_completion coursectl
