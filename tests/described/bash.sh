# The completion for bash, in bash: what is offered at each place.
source "$(dirname "$0")/help.sh" "$@"
source "$documents/whycam.bash"
compopt() { :; }  # exists while readline completes alone

# What is offered for the last of these words, one a line.
offered() {
  COMP_WORDS=(whycam "$@")
  COMP_CWORD=$#
  COMPREPLY=()
  _whycam
  printf '%s\n' "${COMPREPLY[@]:-}"
}

expect() {  # WANTED WORDS...
  local wanted=$1 got
  shift
  got=$(offered "$@" | sort | tr '\n' ' ')
  [[ ${got% } == "$wanted" ]] || fail "for \"whycam $*\" are offered \"${got% }\", not \"$wanted\""
}

for command in $commands; do
  require_word "$(offered '')" "$command" "the completion of the first word"
  while read -r option; do
    require_word "$(offered "$command" -)" "$option" "the completion of whycam $command -"
  done < <(help_options "$command")
done
while read -r option; do
  require_word "$(offered '')" "$option" "the completion of the first word"
done < <(help_options)

expect "explain export" ex
expect "--save-npy" explain network.pt photo.jpg --sa
expect "captum paper" explain --guided-rule ''
expect "paper" explain --guided-rule=p --quiet --guided-rule p
expect "captum paper" explain --guided-rule =      # bash takes --guided-rule= apart
expect "paper" explain --guided-rule = p
expect "" explain network.pt photo                 # files, which readline offers
expect "" explain --labels lab                     # files too
expect "" explain --threads ''
expect "" graph --guided-rule ''                   # no option of this command
require_word "$(help_choices explain --method)" gradcam "--help"
expect "$(help_choices explain --method | sort | tr '\n' ' ' | sed 's/ $//')" explain --method ''

complete -p whycam | grep -q -- '-F _whycam' || fail "the completion is not registered"
