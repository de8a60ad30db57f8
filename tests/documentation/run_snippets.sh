#!/bin/sh
# Runs the shell snippets of a document, its Python ones (for a current PyTorch, an older one or whycam's package) or its JavaScript ones, as
# a reader would: run_snippets.sh sh|python|"python current"|"python whycam"|js DOCUMENT FOLDER-OF-THE-COMMAND SOURCE
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
elif [ "$kind" = "python current" ]; then
  # scripts/matrix.sh makes this one; another is named by WHYCAM_CURRENT_PYTHON
  python="${WHYCAM_CURRENT_PYTHON:-${XDG_CACHE_HOME:-$HOME/.cache}/whycam/torch-2.13.0/bin/python}"
  "$python" -c 'import torch.export, onnxscript' 2>/dev/null || { echo "skipped: no current torch with onnxscript ($python)"; exit 77; }
  "$python" snippets
  for network in network.pt2 network.onnx; do
    whycam layers "$network" --size 32 >listed
    grep -q '+ \*' listed
  done
elif [ "$kind" = "python whycam" ]; then
  /usr/bin/python3 -c 'import numpy' 2>/dev/null || { echo "skipped: no NumPy for /usr/bin/python3"; exit 77; }
  ln -s "$source/tests/plain/network.onnx" network.onnx
  echo "assert attributions.shape == pictures.shape and attributions.any() and 'stage2' in layers" >>snippets
  WHYCAM_LIBRARY="$(find "$command/../src" -name 'libwhycam*.so')" PYTHONPATH="$source/python" PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 snippets
elif [ "$kind" = js ]; then
  modules="$source/tests/exported/node_modules"
  { command -v node && [ -d "$modules/onnxruntime-node" ]; } >/dev/null || { echo "skipped: no node, or no onnxruntime-node"; exit 77; }
  ln -s "$modules" node_modules
  # As the document itself makes it.
  grep '^whycam export .* --output explained.onnx$' "$document" >export
  sh -eu export
  { echo "import ort from 'onnxruntime-node';"; cat snippets; echo "if (output.dims[1] !== 6) throw new Error(output.dims);"; } >snippets.mjs
  node snippets.mjs
else
  sh -eu snippets
fi
