#!/bin/sh
# From a fresh clone to the explanations of the bundled picture, for both of its classes.
set -eu
cd "$(dirname "$0")/.."
sh scripts/build.sh -DWHYCAM_BUILD_TESTS=OFF
build/cli/whycam explain examples/shapes/shapes.pt examples/shapes/two_shapes.png \
  --labels examples/shapes/labels.txt --target star --target ring
echo "Open the pictures in $(pwd)/whycam-explanations"
