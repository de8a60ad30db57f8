#!/bin/sh
# Builds the Debian packages of both builds for the Debian that this is, 12 or 13, into build-packages/: libwhycam0.2,
# libwhycam-dev and whycam without libtorch; libwhycam-torch0.2, libwhycam-torch-dev and whycam-torch with Debian's libtorch.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install-dependencies.sh
for torch in OFF ON; do
  folder="build-packages/$([ "$torch" = ON ] && echo torch || echo plain)"
  cmake -S . -B "$folder" -G Ninja -DWHYCAM_TORCH="$torch" -DWHYCAM_BUILD_TESTS=OFF
  cmake --build "$folder"
  (cd "$folder" && cpack -B ..)
done
rm -rf build-packages/_CPack_Packages
ls build-packages/*.deb
