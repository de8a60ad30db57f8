#!/bin/sh
# From a fresh clone to passed tests.
set -eu
cd "$(dirname "$0")/.."
# Tests run side by side: threads that wait must leave the processors to those of the other test.
export OMP_WAIT_POLICY=passive
# They look at the report, the API reference and the completions, and run the job scripts.
sh scripts/install-dependencies.sh chromium doxygen fish zsh slurmctld slurmd slurm-client munge openmpi-bin python3-numpy
sh scripts/install-node-modules.sh
sh scripts/build.sh -DWHYCAM_BUILD_TESTS=ON
ctest --test-dir build --output-on-failure --parallel 2 "$@"
