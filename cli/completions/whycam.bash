# Completion of whycam for bash. It offers what --help names, which each shell asks once.

declare -gA _whycam_help

_whycam() {
  local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]} command='' kind='' words='' index line name
  # bash takes "--name=value" apart at the sign
  if [[ $word == = ]]; then
    word=''
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((index = 1; index < COMP_CWORD; ++index)); do
    if [[ ${COMP_WORDS[index]} != -* ]]; then
      command=${COMP_WORDS[index]}
      break
    fi
  done
  # A list of choices that goes on in the next line is joined.
  if [[ -z ${_whycam_help[:$command]:-} ]]; then
    _whycam_help[:$command]=$("${COMP_WORDS[0]}" $command --help 2>/dev/null | sed -e ':line' -e '/^  -[^ ]* {[^}]*$/{N;s/\n *//;b line' -e '}')
  fi
  # "  -n,--name KIND  what it is", or "  subcommand  what it does"
  local option_line='^  (-[^ ]+)( ([^ ]+))?' command_line='^  [a-z]'
  while IFS= read -r line; do
    if [[ $line =~ $option_line ]]; then
      for name in ${BASH_REMATCH[1]//,/ }; do
        words+=" $name"
        if [[ $name == "$option" ]]; then
          kind=${BASH_REMATCH[3]:-flag}
        fi
      done
    elif [[ $line =~ $command_line ]]; then
      read -r name _ <<<"$line"
      words+=" $name"
    fi
  done <<<"${_whycam_help[:$command]}"
  COMPREPLY=()
  case $kind in
    '' | flag)
      if [[ -n $command && $word != -* ]]; then return; fi ;;  # readline offers files
    FILE*) return ;;
    DIR*) compopt -o dirnames; return ;;
    \{*) kind=${kind#\{}; kind=${kind%%\}*}; words=${kind//,/ } ;;
    *) compopt +o default +o bashdefault; return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -o bashdefault -o default -F _whycam whycam
