#!/bin/sh
# Installs what whycam needs to build and to pass its tests on Debian 12 and 13, and the packages that are named as arguments:
# install-dependencies.sh [--without-libtorch] [PACKAGE...]. docs/dependencies.md says what each is for.
set -eu
libtorch="libtorch-dev libopenblas0-pthread"
if [ "${1:-}" = --without-libtorch ]; then
  libtorch=""
  shift
fi

packages="
  g++ cmake ninja-build ccache
  $libtorch
  libdnnl-dev
  libonnx-dev libprotobuf-dev protobuf-compiler
  libjpeg62-turbo-dev libpng-dev libexif-dev zlib1g-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev
  libgtest-dev
  pkgconf man-db dpkg-dev file
  $*
"

missing=""
for package in $packages; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
$as_root apt-get update -q
# shellcheck disable=SC2086 # one word a package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
