#!/bin/sh
# ONNX Runtime and a way to use Chromium, for the tests of exported networks. Without them those tests are skipped.
set -eu
cd "$(dirname "$0")/../tests/exported"
command -v npm >/dev/null || sh ../../scripts/install-dependencies.sh nodejs npm
# Their own scripts would fetch what GPUs need.
npm install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error ||
  echo "whycam: no npm packages could be had; the tests of exported networks will be skipped" >&2
