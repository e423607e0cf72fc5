#!/bin/sh
# Fuzzes the readers of files under AddressSanitizer and UBSan: tests/fuzz/run.sh [SECONDS for each, 600] [SEED, 1]
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-600} seed=${2:-1}
cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=None "-DCMAKE_CXX_FLAGS=-O1 -g1" -DGRADUS_SANITIZE=address,undefined \
  -DGRADUS_FUZZ=ON -DGRADUS_TESTS=OFF -DGRADUS_EXAMPLES=OFF >/dev/null
cmake --build build/fuzz -j "$(nproc)" --target fuzz_pt fuzz_safetensors fuzz_npy
for case in pt safetensors npy; do
  (cd build/fuzz && ./fuzz_$case "$seconds" "$seed")
done
