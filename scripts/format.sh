#!/bin/sh
# Formats all C++ sources with the one clang-format that the project uses; with --check, changes nothing and fails where a file
# would change. Another version formats otherwise, so the pinned one is installed with pip where it is not the system's.
set -eu
cd "$(dirname "$0")/.."
version=19.1.7

formatter="$(command -v clang-format || true)"
case "$("${formatter:-false}" --version 2>/dev/null || true)" in
  *"version $version"*) ;;
  *)
    formatter="build-tools/bin/clang-format"
    if [ ! -x "$formatter" ]; then
      sh scripts/install-dependencies.sh python3-venv
      /usr/bin/python3 -m venv build-tools
      build-tools/bin/pip install -q "clang-format==$version"
    fi
    ;;
esac
action="-i"
[ "${1:-}" != "--check" ] || action="--dry-run --Werror"
# shellcheck disable=SC2086 # two words where the action is a check
git ls-files -z -- '*.h' '*.cpp' | xargs -0 "$formatter" $action
