# The completion for fish: all options stand in it, and fish can read it and offers them.
source "$(dirname "$0")/help.sh" "$@"
file=$documents/whycam.fish

# The options on the lines with this condition, with their dashes.
listed_under() {
  grep -F -- "$1" "$file" | sed -E "s/ -d '.*//" | grep -oE ' -[sl] [^ ]+' | sed 's/^ -s /-/; s/^ -l /--/'
}

while read -r option; do
  require_word "$(listed_under '__fish_use_subcommand')" "$option" "the completion of whycam"
done < <(help_options)
for command in $commands; do
  grep -qF -- "-a $command " "$file" || fail "$command is missing"
  while read -r option; do
    require_word "$(listed_under "'__fish_seen_subcommand_from $command'")" "$option" "the completion of whycam $command"
  done < <(help_options "$command")
done

if ! command -v fish >/dev/null; then
  echo "fish is not installed: it was not asked whether it can read the completion"
  exit 0
fi
home=$(mktemp -d)  # fish writes its settings there
trap 'rm -r "$home"' EXIT
offered=$(HOME=$home fish --no-config -c "source '$file'; complete -C 'whycam explain --guided-rule '" | cut -f1)
require_word "$offered" paper "what fish offers behind --guided-rule"
