# The completion for zsh: all options stand in it, and zsh can read it and offers them.
source "$(dirname "$0")/help.sh" "$@"
file=$documents/_whycam

for command in $commands; do
  grep -qF "'$command:" "$file" || fail "$command is missing"
  listed=$(awk -v start="        $command)" '$0 == start {inside = 1} /^          ;;/ {inside = 0} inside' "$file" |
    sed -nE "s/^ *'(\*|\([^)]*\))(-[^=+[]+)[=+]?\[.*/\2/p")
  while read -r option; do
    require_word "$listed" "$option" "the completion of whycam $command"
  done < <(help_options "$command")
done

if ! command -v zsh >/dev/null; then
  echo "zsh is not installed: it was not asked whether it can read the completion"
  exit 0
fi
zsh -n "$file"
