#compdef coursectl

_coursectl_completion() {
  local line
  local -a described paths folders
  while IFS= read -r line; do
    if [[ $line == *$'\t'* ]]; then
      described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    elif [[ $line == */ ]]; then
      folders+=("$line")
    else
      paths+=("$line")
    fi
  done < <(
    env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" _COURSECTL_COMPLETE=complete_zsh \
      coursectl 2>/dev/null
  )
  if (( ${#described} + ${#paths} + ${#folders} == 0 )); then
    _files
    return
  fi
  (( ${#described} )) && _describe -V coursectl described
  (( ${#paths} )) && compadd -V coursectl-words -a paths
  # A folder goes on: no blank behind it.
  (( ${#folders} )) && compadd -S '' -a folders
  return 0
}

if [[ ${funcstack[1]} == _coursectl ]]; then
  _coursectl_completion
else
  compdef _coursectl_completion coursectl
fi
