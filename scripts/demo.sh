#!/bin/sh
# From a fresh clone to the explanations of the bundled picture, for both of its classes; with --without-libtorch in less time.
set -eu
cd "$(dirname "$0")/.."
if [ "${1:-}" = --without-libtorch ]; then
  sh scripts/build.sh --without-libtorch -DWHYCAM_BUILD_TESTS=OFF -DCMAKE_UNITY_BUILD=ON
  whycam=build-plain/cli/whycam network=examples/shapes/shapes.pt2
else
  sh scripts/build.sh -DWHYCAM_BUILD_TESTS=OFF
  whycam=build/cli/whycam network=examples/shapes/shapes.pt
fi
"$whycam" explain "$network" examples/shapes/two_shapes.png --labels examples/shapes/labels.txt --target star --target ring
echo "Open the pictures in $(pwd)/whycam-explanations"
