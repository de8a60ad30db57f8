#!/bin/sh
# Doxygen's filter for Markdown: site_filter.sh ROOT FILE prints FILE with names for its headings, and with its links led to those names or
# to the copies of other files in the site's folder `sources`. Doxygen itself follows no link to a part of another document.
root="$1" file="$2"
awk -v root="$root" -v file="${file#"$root/"}" '
  function name_of(path) { sub(/\.md$/, "", path); gsub(/[^A-Za-z0-9]/, "_", path); return tolower(path) }
  function heading_name(text) {  # as GitHub makes it
    text = tolower(text)
    gsub(/[^a-z0-9 _-]/, "", text)
    gsub(/ /, "-", text)
    return text
  }
  function whole(path,   before) {  # a path from the root, without "x/.."
    path = folder path
    do { before = path; sub(/[^\/.]+\/\.\.\//, "", path) } while (path != before)
    return path
  }
  function led(target,   hash, part, path) {
    hash = index(target, "#")
    part = hash ? substr(target, hash + 1) : ""
    path = hash == 1 ? file : whole(hash ? substr(target, 1, hash - 1) : target)
    if (path ~ /\.md$/) return "#" name_of(path) (part == "" ? "" : "-" part)
    if (system("test -d \"" root "/" path "\"") == 0) return "files.html"
    return "sources/" path
  }
  BEGIN { folder = file ~ /\// ? file : ""; sub(/[^\/]*$/, "", folder) }
  /^ *```/ { inside = !inside }
  inside { print; next }
  /^#+ / {
    text = $0
    sub(/^#+ /, "", text)
    first = $0 ~ /^# / && !titled
    titled = 1
    if (file != "docs/reference.md") $0 = $0 " {#" name_of(file) (first ? "" : "-" heading_name(text)) "}"
  }
  {
    line = ""
    while (match($0, /!?\[[^][]*\]\([^() ]+\)/)) {
      link = substr($0, RSTART, RLENGTH)
      at = index(link, "](")
      target = substr(link, at + 2, length(link) - at - 2)
      if (link !~ /^!/ && target !~ /^[a-z]+:/) link = substr(link, 1, at + 1) led(target) ")"
      line = line substr($0, 1, RSTART - 1) link
      $0 = substr($0, RSTART + RLENGTH)
    }
    print line $0
  }' "$file"
