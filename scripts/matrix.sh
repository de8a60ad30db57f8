#!/bin/sh
# Builds and tests whycam with other parts than the system's: matrix.sh [ROW ...], all rows but recipes and static by default.
# Each row has a build folder of its own; what compiles alike in several comes from ccache.
#   pip         the libtorch of pip's torch, which has a oneDNN of its own inside, and the tests that use libtorch
#   plain       the build without libtorch, with its tests, and the package for Python, as pip installs it
#   clang       everything by clang, with warnings as errors
#   sanitizers  the compiler's and the engines' tests under the address and undefined-behaviour sanitizers
#   recipes     the recipes of Conan and vcpkg on a source archive of the last commit, with Debian's libraries for what they depend on
#   static      the command as a single file without shared libraries, compared with the shared one
#   threads     a service of eight threads, and folders explained by several workers, without libtorch under the thread sanitizer, by
#               clang, whose OpenMP tells it what is in order
set -eu
cd "$(dirname "$0")/.."
# Tests run side by side: threads that wait must leave the processors to those of the other test.
export OMP_WAIT_POLICY=passive
torch=2.13.0  # the version that docs/dependencies.md names

configure() {  # FOLDER SETTING...
  mkdir -p "$1"
  cmake -S . -B "$@" -G Ninja >"$1/configure.log" 2>&1 || { cat "$1/configure.log" >&2; return 1; }
}
run_tests() { folder="$1"; shift; ctest --test-dir "$folder" --output-on-failure --parallel 2 "$@"; }

pip() {
  sh scripts/install-dependencies.sh python3-venv
  # Outside of the project: CMake leaves folders in it out of the paths that installed programs find libraries by.
  python="${XDG_CACHE_HOME:-$HOME/.cache}/whycam/torch-$torch"
  if ! "$python/bin/python" -c "import torch; assert torch.__version__.startswith('$torch')" 2>/dev/null; then
    /usr/bin/python3 -m venv "$python"
    "$python/bin/python" -m pip install -q numpy onnx onnxscript "torch==$torch"
  fi
  prefix="$("$python/bin/python" -c 'import torch; print(torch.utils.cmake_prefix_path)')"
  configure build-pip "-DCMAKE_PREFIX_PATH=$prefix" -DWHYCAM_BUILD_TESTS=ON
  cmake --build build-pip
  run_tests build-pip -R '^(whycam_test|whycam_engine_test|Torchvision|Library|Documentation|Installed|Subdirectory)' \
    -E 'LinksLeadSomewhere|SiteHasNoWarnings|ExamplesAreBuilt'  # which are the same for every libtorch
}

plain() {
  sh scripts/install-dependencies.sh
  configure build-plain -DWHYCAM_TORCH=OFF -DWHYCAM_BUILD_TESTS=ON
  cmake --build build-plain
  run_tests build-plain -E WholeNetworks  # which are the same, and take minutes
  python_package
}

# The package for Python, as pip installs it.
python_package() {
  sh scripts/install-dependencies.sh python3-venv
  environment="$(mktemp -d)"
  /usr/bin/python3 -m venv "$environment"
  "$environment/bin/python" -m pip install -q .
  (cd "$environment" && bin/python "$OLDPWD/tests/python/package_test.py")
  rm -r "$environment"
}

clang() {
  sh scripts/install-dependencies.sh clang libomp-dev
  configure build-clang -DCMAKE_CXX_COMPILER=clang++ -DWHYCAM_WARNINGS_AS_ERRORS=ON -DWHYCAM_BUILD_TESTS=OFF -DWHYCAM_BUILD_BENCHMARKS=ON
  cmake --build build-clang
  cmake -DWHYCAM_BUILD_TESTS=ON build-clang
  cmake --build build-clang --target whycam_graph_test
  run_tests build-clang -R '^(whycam_graph_test|WithoutAvx512)'
}

sanitizers() {
  sh scripts/install-dependencies.sh
  configure build-sanitizers -DWHYCAM_SANITIZE=ON -DWHYCAM_BUILD_TESTS=ON
  cmake --build build-sanitizers --target whycam_graph_test whycam_onnx_test whycam_engine_test
  run_tests build-sanitizers -R '^(whycam_graph_test|whycam_onnx_test|whycam_engine_test|WithoutAvx512|WithoutCaches)' -E WholeNetworks
}

recipes() {
  sh scripts/install-dependencies.sh python3-venv
  sh scripts/recipes.sh
  tools="$PWD/build-recipes/tools"
  /usr/bin/python3 -m venv "$tools"
  "$tools/bin/pip" install -q conan
  export CONAN_HOME="$tools/home"
  "$tools/bin/conan" profile detect --name detected
  "$tools/bin/conan" create build-recipes/conan --no-remote --profile:all detected --profile:all "$PWD/packaging/conan/debian.profile"
  cmake "-DPORT=$PWD/build-recipes/vcpkg/whycam" "-DWORK=$PWD/build-recipes/work" "-DUSER=$PWD/tests/plain/user" -P tests/packaging/vcpkg.cmake
}

static() { sh scripts/static-command.sh; }  # the first time, a quarter of an hour more for oneDNN and ONNX

threads() {
  sh scripts/install-dependencies.sh clang libclang-rt-dev libomp-dev
  configure build-threads -DCMAKE_CXX_COMPILER=clang++ -DWHYCAM_TORCH=OFF -DWHYCAM_SANITIZE_THREAD=ON -DWHYCAM_BUILD_TESTS=ON
  cmake --build build-threads --target whycam_serving_test whycam_command_test
  run_tests build-threads -R Library.whycam_serving_test
  TSAN_OPTIONS=ignore_noninstrumented_modules=1 GTEST_FILTER='Workers*' run_tests build-threads -R '^whycam_command_test$'
}

[ $# -gt 0 ] || set -- pip plain clang sanitizers threads
for row; do
  echo "== $row"
  "$row"
done
