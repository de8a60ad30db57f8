#!/bin/sh
# Installs what is needed and builds into ./build; arguments go to CMake.
set -eu
cd "$(dirname "$0")/.."
sh scripts/install-dependencies.sh
cmake -S . -B build -G Ninja "$@"
cmake --build build
