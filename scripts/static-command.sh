#!/bin/sh
# Builds the command without libtorch and without any shared library, build-static/whycam, which runs on any Linux of this processor
# whatever its C library, and compares it with the shared build. Debian has no static oneDNN and ONNX: they are built once, from Debian's
# own sources of the versions that are installed, or from those in two folders: static-command.sh [ONEDNN ONNX].
set -eu
cd "$(dirname "$0")/.."
sh scripts/install-dependencies.sh --without-libtorch python3 libspdlog-dev  # what oneDNN and ONNX are built with
folder="$PWD/build-static"
mkdir -p "$folder/sources"

# Debian's source package NAME of the version of the package DEVELOPMENT, into $folder/sources/NAME. The system's list of sources
# stays as it is.
fetch() {  # NAME DEVELOPMENT
  [ ! -d "$folder/sources/$1" ] && [ ! -e "$folder/$1/built" ] || return 0
  apt="$folder/apt"
  mkdir -p "$apt/lists/partial"
  apt-get indextargets 'Created-By: Packages' 'Origin: Debian' --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' | sort -u >"$apt/sources.list"
  settings="-o Dir::Etc::SourceList=$apt/sources.list -o Dir::Etc::SourceParts=- -o Dir::State::Lists=$apt/lists -o APT::Sandbox::User=$(id -un)"
  # shellcheck disable=SC2016,SC2086 # dpkg's field; one word a setting
  (
    cd "$apt"
    apt-get $settings update -q
    apt-get $settings source -q --only-source "$1=$(dpkg-query -W -f '${source:Version}' "$2")" || lacks_source "$1" "$2"
    mv "$1"-*/ "$folder/sources/$1"
  )
}
lacks_source() {  # NAME DEVELOPMENT: not every mirror has sources
  echo "static-command.sh: apt found no source of $1 $(dpkg-query -W -f '${source:Upstream-Version}' "$2"): unpack upstream's release" \
    "of that version, and name the folders: sh scripts/static-command.sh ONEDNN ONNX" >&2
  exit 1
}

build_library() {  # NAME SOURCE SETTING...
  name="$1"
  source="$2"
  shift 2
  [ ! -e "$folder/$name/built" ] || return 0
  cmake -S "$source" -B "$folder/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG" \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DBUILD_SHARED_LIBS=OFF "-DCMAKE_INSTALL_PREFIX=$folder/prefix" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
  cmake --build "$folder/$name"
  cmake --install "$folder/$name" >"$folder/$name/built.new"
  mv "$folder/$name/built.new" "$folder/$name/built"
}

if [ $# -eq 0 ]; then
  fetch onednn libdnnl-dev
  fetch onnx libonnx-dev
  set -- "$folder/sources/onednn" "$folder/sources/onnx"
fi
# The primitives that src/backends/onednn asks for, and what those are made of.
build_library onednn "$1" -DDNNL_LIBRARY_TYPE=STATIC -DDNNL_BUILD_TESTS=OFF -DDNNL_BUILD_EXAMPLES=OFF -DONEDNN_BUILD_GRAPH=OFF \
  -DDNNL_ENABLE_JIT_PROFILING=OFF -DDNNL_ENABLE_ITT_TASKS=OFF -DDNNL_ARCH_OPT_FLAGS= \
  "-DDNNL_ENABLE_PRIMITIVE=CONVOLUTION;DECONVOLUTION;ELTWISE;MATMUL;POOLING;REORDER"
build_library onnx "$2" -DONNX_ML=ON -DONNX_GEN_PB_TYPE_STUBS=OFF

command_of() {  # KIND SETTING...: builds the command; its file
  kind="$1"
  shift
  cmake -S . -B "$folder/$kind" -G Ninja -DWHYCAM_TORCH=OFF -DWHYCAM_BUILD_TESTS=OFF -DCMAKE_UNITY_BUILD=ON "$@" >&2
  cmake --build "$folder/$kind" --target whycam_command >&2
  echo "$folder/$kind/cli/whycam"
}
shared="$(command_of shared)"
strip -o "$folder/whycam" "$(command_of static -DWHYCAM_STATIC_COMMAND=ON "-DCMAKE_PREFIX_PATH=$folder/prefix")"
if readelf -lW "$folder/whycam" | grep INTERP || readelf -dW "$folder/whycam" | grep NEEDED; then
  echo "static-command.sh: the command asks for shared libraries" >&2
  exit 1
fi

# It writes the same arrays and pictures as the shared one, to the bit; as root, also where there is no other file.
root="$folder/root"
rm -rf "$root"
mkdir "$root"
cp "$folder/whycam" examples/shapes/shapes.pt2 examples/shapes/two_shapes.png tests/plain/network.onnx "$root"
explain() {  # FOLDER COMMAND...: in the root's folder
  output="$1"
  shift
  for network in shapes.pt2 network.onnx; do
    "$@" explain $network two_shapes.png --target top2 --method guided-gradcam,gradcam,saliency --save-npy --quiet --output-dir "$output/$network"
  done
  "$@" explain shapes.pt2 two_shapes.png --quiet --sandbox --output-dir "$output/sandbox"
}
compare() { diff -r -x '*.json' -x '*.jsonl' "$root/shared" "$root/$1"; }
cd "$root"
explain shared "$shared"
explain static ./whycam
compare static
if [ "$(id -u)" = 0 ]; then
  explain alone chroot "$root" /whycam
  compare alone
fi
ls -l "$folder/whycam"
