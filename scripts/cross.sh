#!/bin/sh
# Builds whycam without libtorch for 64-bit ARM and runs the compiler's, the ONNX and the pictures' tests in qemu; arguments go to ctest.
# The libraries are Debian's arm64 packages, unpacked into build-aarch64/sysroot; none is installed on this system.
set -eu
cd "$(dirname "$0")/.."
export OMP_WAIT_POLICY=passive
sysroot="$PWD/build-aarch64/sysroot"
packages="libc6-dev libdnnl-dev libonnx-dev libprotobuf-dev libjpeg62-turbo-dev libpng-dev libexif-dev zlib1g-dev
  libcli11-dev libfmt-dev nlohmann-json3-dev libgtest-dev"
sh scripts/install-dependencies.sh g++-aarch64-linux-gnu qemu-user-static mmdebstrap

if [ ! -e "$sysroot" ]; then
  mkdir -p build-aarch64
  # shellcheck disable=SC1091
  suite="$(. /etc/os-release && echo "$VERSION_CODENAME")"
  rm -rf "$sysroot.new"
  mkdir "$sysroot.new"
  mmdebstrap --variant=extract --architectures=arm64 --include="$packages" "$suite" | tar -xC "$sysroot.new" --exclude=./dev
  # Links within the packages are meant to begin at the sysroot.
  find "$sysroot.new" -type l -lname '/*' -exec sh -c 'ln -snfr "$0$(readlink "$1")" "$1"' "$sysroot.new" {} \;
  mv "$sysroot.new" "$sysroot"
fi

cmake -S . -B build-aarch64 -G Ninja --toolchain cmake/toolchains/aarch64-linux-gnu.cmake "-DCMAKE_SYSROOT=$sysroot" \
  -DWHYCAM_TORCH=OFF -DWHYCAM_BUILD_TESTS=ON
cmake --build build-aarch64
# One thread a test, of which two run at once; and no convolutions of a size that takes qemu minutes each.
export OMP_NUM_THREADS=1 GTEST_FILTER='-*of_single_places*'
ctest --test-dir build-aarch64 --output-on-failure --parallel 2 -R '^(whycam_(graph|onnx|picture)_test|Library)' -E WholeNetworks "$@"
