# Completion for bash. The words come from the program's own help, so that they are never out of date.
_isojoule() {
  local current=${COMP_WORDS[COMP_CWORD]} command=() word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || { command=("$word"); break; }
  done
  local help words
  help=$("${COMP_WORDS[0]}" "${command[@]}" --help 2> /dev/null)
  if [[ $current == -* ]]; then
    words=$(grep -oE -- '--[a-z][a-z-]*' <<< "$help")
  elif [[ ${#command[@]} == 0 ]]; then
    words=$(sed -n '/^Subcommands:/,$s/^  \([a-z][a-z-]*\) .*/\1/p' <<< "$help")
  else
    case ${command[0]}:${COMP_WORDS[COMP_CWORD - 1]} in
      *:--board) words=$("${COMP_WORDS[0]}" list boards 2> /dev/null | sed 's/ .*//; s/.*/& twin:&/') ;;
      *:--engine) words=$("${COMP_WORDS[0]}" list engines 2> /dev/null | sed -n 's/^\([a-z]\S*\) .*/\1/p') ;;
      *:--optimiser) words=$("${COMP_WORDS[0]}" list optimisers 2> /dev/null | sed -n 's/^\([a-z]\S*\) .*/\1/p') ;;
      *:--as) words=$("${COMP_WORDS[0]}" list exports 2> /dev/null | sed 's/ .*//') ;;
      list:*) words="boards sensors knobs engines imports predictors optimisers reports exports counters" ;;
    esac
  fi
  # shellcheck disable=SC2207
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if declare -F __ltrimcolon_completions > /dev/null; then __ltrimcolon_completions "$current"; fi
}
complete -o default -F _isojoule isojoule
