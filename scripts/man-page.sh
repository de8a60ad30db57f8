#!/bin/sh
# Writes what --help says of the options, the subcommands and the exit codes as that part of the man page:
# man-page.sh WHYCAM > docs/whycam-options.1, where WHYCAM is the command of a build with libtorch.
set -eu
whycam="$1"

# Help on the standard input as roff: the items of the sections that are named, each behind its section's heading where those are
# groups of options. Lines with more than two spaces before them go on with the line before.
items() {
  sed "s/\\\\/\\\\(rs/g; s/-/\\\\-/g; s/'/\\\\(aq/g; s/\`/\\\\(ga/g; s/\\^/\\\\(ha/g; s/~/\\\\(ti/g" | awk -v sections="$1" '
    function print_item() {
      if (heading == "") return
      sub(/[^ ]+/, "\\fB&\\fR", heading)
      if (heading ~ /{/) gsub(/,/, ",\\:", heading)  # long lists may be broken there
      print ".TP\n" heading "\n" text "."
      heading = ""
    }
    /^[^ ].*:$/ {
      print_item()
      inside = $0 ~ "^(" sections "):$"
      if (sections == ".*") print ".PP\n.I " substr($0, 1, length($0) - 1)
    }
    !inside || !/^  / { next }
    /^  [^ ]/ {
      print_item()
      heading = substr($0, 3); text = ""
      if (match(heading, /  +/) || match(heading, / /) && heading ~ /^[0-9]/) {  # before a description, or behind an exit code
        text = substr(heading, RSTART + RLENGTH); heading = substr(heading, 1, RSTART - 1)
      }
      next
    }
    {
      sub(/^ +/, "")
      if (heading ~ /{[^}]*$/) heading = heading $0
      else text = text (text == "" ? "" : " ") $0
    }
    END { print_item() }'
}

echo '.\" Written by scripts/man-page.sh.'
echo '.SH OPTIONS'
"$whycam" --help | items 'Options|OPTIONS'
echo '.SH COMMANDS'
"$whycam" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | while read -r command; do
  printf '.SS "whycam %s"\n.ad l\n' "$command"  # a list broken at a comma has no spaces to stretch
  "$whycam" "$command" --help | sed -n '1s/$/./p'
  "$whycam" "$command" --help | sed '/^Exit codes:$/,$d' | items '.*'
done
echo '.SH EXIT STATUS'
"$whycam" --help | items 'Exit codes'
