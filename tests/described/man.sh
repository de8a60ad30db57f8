# The man page: it names all commands, options, exit codes and the environment variable, and groff finds nothing to warn of.
source "$(dirname "$0")/help.sh" "$@"
page=$documents/whycam.1

# The options that the page's section lists, from its title to the next one.
section_options() {
  awk -v title="$1" '/^\.S[HS] /{inside = ($0 == title)} inside' "$page" |
    sed -nE 's/\\-/-/g; s/\\f[BIR]//g; /^-/p' | tr -d ',' | tr ' ' '\n' | { grep -E '^-' || true; }
}

while read -r option; do
  require_word "$(section_options '.SH OPTIONS')" "$option" "the section OPTIONS"
done < <(help_options)
for command in $commands; do
  listed=$(section_options ".SS \"whycam $command\"")
  while read -r option; do
    require_word "$listed" "$option" "the section on whycam $command"
  done < <(help_options "$command")
done
"$whycam" --help | sed -nE 's/^  ([0-9]+) (.*)/\1 \2/p' | while read -r code meaning; do
  grep -A1 -xF "\\fB$code\\fR" "$page" | grep -qF -- "${meaning//-/\\-}" || fail "the exit code $code ($meaning) is missing"
done
grep -q WHYCAM_ENGINE "$page" || fail "WHYCAM_ENGINE is missing"

if ! command -v man >/dev/null; then
  echo "man is not installed: it was not asked for warnings"
  exit 0
fi
warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null)
[[ -z $warnings ]] || fail "groff warns: $warnings"
