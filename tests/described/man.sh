# The man page: it says what --help says, and groff finds nothing to warn of. usage: man.sh WHYCAM ROOT PAGE
source "$(dirname "$0")/help.sh" "$@"
page=$3

sh "$root/scripts/man-page.sh" "$whycam" | diff -u "$root/docs/whycam-options.1" - ||
  fail "docs/whycam-options.1 is not what --help says; write it anew with scripts/man-page.sh"

# The options that the page's section lists, from its title to the next one.
section_options() {
  awk -v title="$1" '/^\.S[HS] /{inside = ($0 == title)} inside' "$page" |
    sed -nE 's/\\-/-/g; s/\\f[BIR]/ /g; s/^ +(-[^ ]+).*/\1/p' | tr ',' '\n'
}

for command in $commands; do
  listed=$(section_options ".SS \"whycam $command\"")
  for option in $(help_options "$command"); do
    require_word "$listed" "$option" "the section on whycam $command"
  done
done
grep -q WHYCAM_ENGINE "$page" || fail "WHYCAM_ENGINE is missing"

if ! command -v man >/dev/null; then
  echo "man is not installed: it was not asked for warnings"
  exit 0
fi
warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l "$page" 2>&1 >/dev/null)
[[ -z $warnings ]] || fail "groff warns: $warnings"
