#!/bin/sh
# Runs the shell snippets of a document, or its Python ones, as a reader would: run_snippets.sh sh|python DOCUMENT FOLDER-OF-THE-COMMAND SOURCE
set -eu
kind="$1" document="$2" command="$3" source="$4"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
ln -s "$source/examples" examples
PATH="$command:$PATH"
export PATH
awk -v kind="$kind" '/^```/ { inside = ($0 == "```" kind); next } inside' "$document" >snippets
[ -s snippets ] || { echo "$document has no snippet of the kind $kind"; exit 1; }
if [ "$kind" = python ]; then
  /usr/bin/python3 -c 'import torch' 2>/dev/null || { echo "skipped: no torch for /usr/bin/python3"; exit 77; }
  /usr/bin/python3 snippets
  for network in scripted.pt traced.pt network.onnx; do
    whycam layers "$network" --size 32 >listed
    grep -q '+ \*' listed
  done
else
  sh -eu snippets
fi
