#!/bin/sh
# Builds the fuzzers with clang and runs each for a minute (or the seconds that are given), all at once, from the committed
# corpus. What one finds stays in build-fuzz/.
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-60}"
sh scripts/install-dependencies.sh clang libclang-rt-dev libomp-dev
cmake -S . -B build-fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release -DWHYCAM_BUILD_FUZZERS=ON \
  -DWHYCAM_BUILD_TESTS=OFF -DWHYCAM_BUILD_COMMAND=OFF
cmake --build build-fuzz --target whycam_fuzzers

fuzz() {
  mkdir -p "build-fuzz/found/$1" "build-fuzz/corpus/$1"
  # libtorch keeps what it allocates as it is loaded, so leaks are not looked for.
  "build-fuzz/tests/fuzz/whycam_fuzz_$1" "build-fuzz/corpus/$1" "tests/fuzz/corpus/$1" -max_total_time="$seconds" \
    -max_len=65536 -timeout=20 -rss_limit_mb=4096 -detect_leaks=0 -artifact_prefix="build-fuzz/found/$1/" \
    >"build-fuzz/$1.log" 2>&1 || { tail -n 40 "build-fuzz/$1.log" >&2; return 1; }
  tail -n 1 "build-fuzz/$1.log" | sed "s/^/$1: /"
}

running=""
for target in picture npy network onnx pt2 arguments manifest names code; do
  fuzz "$target" &
  running="$running $!"
done
for one in $running; do wait "$one"; done
