#!/bin/bash
# The short form of the benchmarks (./test --bench): ratios to other programs in the same minutes. Figures worth keeping come from the
# long forms, which docs/benchmarks.md names.
# usage: lab/bench/short.sh      needs root, python3-libtorrent and mktorrent; aria2 and rtorrent take part where they are installed
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."
echo "== hashes, GB/s on one thread"
dotnet artifacts/bin/Compeer.Benchmarks/release/Compeer.Benchmarks.dll hashing
echo "== create and verify 1 GiB, seconds"
lab/bench/hashing.sh 1
echo "== transfer of 256 MiB between two processes"
BYTES=$((256 << 20)) lab/bench/transfer.sh 3 "v1 v2" | lab/bench/ratios.py
echo "== every client with itself, 256 MiB, one round, found through a tracker"
lab/bench/clients.py transfer --rounds 1 --mib 256 --clients compeer,libtorrent,aria2,rtorrent
