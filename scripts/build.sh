#!/bin/sh
# Installs what is needed and builds into ./build, or with --without-libtorch into ./build-plain; further arguments go to CMake.
set -eu
cd "$(dirname "$0")/.."
folder=build
if [ "${1:-}" = --without-libtorch ]; then
  shift
  folder=build-plain
  sh scripts/install-dependencies.sh --without-libtorch
  set -- -DWHYCAM_TORCH=OFF "$@"
else
  sh scripts/install-dependencies.sh
fi
cmake -S . -B "$folder" -G Ninja "$@"
cmake --build "$folder"
