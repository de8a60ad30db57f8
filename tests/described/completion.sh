# The completion for a shell, in that shell: what is offered at each place. usage: completion.sh WHYCAM ROOT SHELL
source "$(dirname "$0")/help.sh" "$@"
shell=$3
command -v "$shell" >/dev/null || { echo "$shell is not installed"; exit 77; }
folder=$(mktemp -d)  # no files to offer; fish writes its settings there
trap 'rm -r "$folder"' EXIT
cd "$folder"

if [[ $shell == bash ]]; then
  source "$root/cli/completions/whycam.bash"
  complete -p whycam | grep -q -- '-F _whycam' || fail "the completion is not registered"
  compopt() { :; }  # exists while readline completes alone
fi

# What is offered for the last of these words, one per line.
offered() {
  case $shell in
    bash)
      COMP_WORDS=("$whycam" "$@")
      COMP_CWORD=$#
      COMPREPLY=()
      _whycam
      printf '%s\n' "${COMPREPLY[@]:-}" ;;
    zsh)  # what zsh's completion system would be told
      zsh -f -c '
        compadd() { print -l -- ${@:#--} }
        _describe() { print -l -- ${${(P)2}%%:*} }
        _files() {}
        _message() {}
        compset() { PREFIX=${PREFIX#*=} }
        words=("$@") CURRENT=$# PREFIX=${@[-1]}
        source '"$root"'/cli/completions/_whycam | grep -e "^${PREFIX#*=}"' _ "$whycam" "$@" || true ;;
    fish)
      HOME=$folder fish --no-config -c "source $root/cli/completions/whycam.fish; complete -C '$whycam $*'" | cut -f1 ;;
  esac
}

expect() {  # WANTED WORDS...
  local wanted=$1 got
  shift
  got=$(offered "$@" | sort | tr '\n' ' ')
  got=${got% }
  [[ $got == "$wanted" ]] || fail "for \"whycam $*\" are offered \"$got\", not \"$wanted\""
}

for command in $commands; do
  require_word "$(offered '')" "$command" "the completion of the first word"
  listed=$(offered "$command" --; offered "$command" -)
  for option in $(help_options "$command"); do
    require_word "$listed" "$option" "the completion of whycam $command -"
  done
done
listed=$(offered -; offered --)
for option in $(help_options); do
  require_word "$listed" "$option" "the completion of whycam -"
done

expect "layers" la
expect "--save-activations --save-npy" explain network.pt photo.jpg --save
expect "captum paper" explain --guided-rule ''
expect "paper" explain --quiet --guided-rule p
expect "" explain network.pt photo                 # files
expect "" explain --labels lab                     # files too
expect "" explain --threads ''
expect "" graph --guided-rule ''                   # no option of this command
require_word "$(help_choices explain --method)" gradcam "--help"
expect "$(help_choices explain --method | sort | tr '\n' ' ' | sed 's/ $//')" explain --method ''
case $shell in
  bash)  # which takes --guided-rule= apart
    expect "captum paper" explain --guided-rule =
    expect "paper" explain --guided-rule = p ;;
  zsh) expect "captum paper" explain --guided-rule= ;;
  fish) expect "--guided-rule=paper" explain --guided-rule=p ;;
esac
