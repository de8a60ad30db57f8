#!/bin/sh
# What a program needs to run: footprint.sh PROGRAM... prints how many files (itself and all libraries that it loads, whycam's among
# them), their size in MB, and the five largest. A container needs no more, beside whatever a network's own files are.
set -eu
for program; do
  ldd "$program" | awk -v program="$program" 'BEGIN { print program } $2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' |
    xargs -n 1 readlink -f | sort -u | xargs du -L --apparent-size --block-size=1 |
    sort -rn | awk -v program="$program" '
      { total += $1; if (NR <= 5) { sub(".*/", "", $2); largest = largest sprintf("%s%s %.1f", NR > 1 ? ", " : "", $2, $1 / 1e6) } }
      END { printf "%s: %d files, %.1f MB (%s)\n", program, NR, total / 1e6, largest }'
done
