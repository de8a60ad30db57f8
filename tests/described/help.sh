# What the command's --help names. To be sourced: `whycam` is the command, `root` the project's folder.
set -euo pipefail
whycam=$1
root=$2

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# The lines of --help: "  --name,-n VALUE ..."; words with dashes in descriptions do not begin a line.
help_options() {
  "$whycam" "$@" --help | grep -oE '^  -[^ ]+' | tr ',' '\n' | tr -d ' '
}

# The choices of an option that takes one of several: those in braces behind it, in one line or more.
help_choices() {
  "$whycam" "$1" --help | sed -e ':line' -e '/^  -[^ ]* {[^}]*$/{N;s/\n *//;b line' -e '}' | sed -nE "s/^  $2 \{([^}]*)\}.*/\1/p" | tr ',' '\n'
}

require_word() {  # TEXT WORD WHAT
  grep -qxF -e "$2" <<<"$1" || fail "$3 does not name $2; it names: $(tr '\n' ' ' <<<"$1")"
}

commands=$("$whycam" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')
[[ $(wc -l <<<"$commands") -ge 3 ]] || fail "no subcommands in --help"
