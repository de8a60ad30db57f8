#!/bin/sh
# Writes what --help says of the options, the subcommands and the exit codes as that part of the man page:
# man-page.sh WHYCAM > docs/whycam-options.1, where WHYCAM is the command of a build with libtorch.
set -eu
whycam="$1"

# Help on the standard input as roff: its first line where it is a subcommand's, and the items of the sections that are named.
items() {
  # CLI11 2.4 and younger write "--size PIXELS [224]" for "--size PIXELS=224"; ranges have spaces within their brackets.
  sed -E 's/^(  -.*[^ ]) \[(\[[^] ]*\]|[^] []+)\](  \.\.\.| |$)/\1=\2\3/; s/=(\[[^] ]*\])  \.\.\./=\1 .../; s/ +$//' | sed "s/\\\\/\\\\(rs/g; s/-/\\\\-/g; s/'/\\\\(aq/g; s/\`/\\\\(ga/g; s/\\^/\\\\(ha/g; s/~/\\\\(ti/g" | awk -v sections="$1" '
    NR == 1 && sections ~ /Positionals/ { print $0 "." }
    /^[^ ].*:$/ { inside = $0 ~ "^(" sections "):$" }
    !inside || !/^  [^ ]/ { next }
    {
      heading = substr($0, 3); text = value = ""
      if (match(heading, /  +/) || match(heading, / /) && heading ~ /^[0-9]/) {  # before a description, or behind an exit code
        text = substr(heading, RSTART + RLENGTH); heading = substr(heading, 1, RSTART - 1)
      } else {
        getline text; sub(/^ +/, "", text)
      }
      if (match(heading, /=[^ ]+/)) {
        value = substr(heading, RSTART + 1, RLENGTH - 1); gsub(/[][]/, "", value)
        heading = substr(heading, 1, RSTART - 1) substr(heading, RSTART + RLENGTH)
      }
      sub(/ (FILE|DIR) REQUIRED$/, "", heading); sub(/INT:INT in/, "INT in", heading)
      if (heading !~ /^\\-/) sub(/ FILE \.\.\.$/, "...", heading)
      sub(/[^ ]+/, "\\fB&\\fR", heading)
      if (heading ~ /{/) gsub(/,/, ",\\:", heading)  # long lists may be broken there
      gsub(/,/, ",\\:", value)
      print ".TP\n" heading "\n" text "."
      if (value != "") print "Default: " value "."
    }'
}

echo '.\" Written by scripts/man-page.sh.'
echo '.SH OPTIONS'
"$whycam" --help | items Options
echo '.SH COMMANDS'
"$whycam" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | while read -r command; do
  printf '.SS "whycam %s"\n.ad l\n' "$command"  # a list broken at a comma has no spaces to stretch
  "$whycam" "$command" --help | items 'Positionals|Options'
done
echo '.SH EXIT STATUS'
"$whycam" --help | items 'Exit codes'
