#!/bin/bash
# Makes and checks a torrent of 1 GiB in a RAM disk with Compeer, libtorrent and mktorrent, the programs taking turns.
# usage: lab/bench/hashing.sh [ROUNDS=5] [FORMATS="v1 v2 hybrid"] [CAPS="full masked"]      needs python3-libtorrent and mktorrent
# "masked" hides the SHA instructions from OpenSSL, which libtorrent and mktorrent hash with, and has Compeer hash everything in lanes: 16 with AVX-512, otherwise 8.
set -euo pipefail
rounds=${1:-5}
formats=${2:-v1 v2 hybrid}
caps=${3:-full masked}
cd -- "$(dirname -- "$(readlink -f -- "$0")")/../.."
source lab/bench/program.sh
work=$(mktemp -d /dev/shm/compeer-bench-XXXX)
trap 'rm -rf "$work"' EXIT
head -c 1073741824 /dev/urandom >"$work/data.bin"

lanes=8
if grep -qw avx512bw /proc/cpuinfo; then lanes=16; fi

# one CAPS NAME COMMAND...: appends wall and CPU seconds to results
one() {
    local mask=() key="$1 $2"
    if [ "$1" = masked ]; then mask=(OPENSSL_ia32cap=:~0x20000000 COMPEER_HASH_LANES=$lanes); fi
    shift 2
    /usr/bin/time -f '%e %U %S' -o "$work/time" timeout 120 env "${mask[@]}" "$@" >/dev/null
    echo "$key $(cat "$work/time")" >>"$work/results"
}

for ((round = 0; round < rounds; round++)); do
    for cap in $caps; do
        for format in $formats; do
            rm -f "$work"/*.torrent
            one "$cap" "create $format compeer" "$program" create "$work/data.bin" -o "$work/c.torrent" --format "$format" --piece-size 1M --quiet
            one "$cap" "create $format libtorrent" /usr/bin/python3 lab/peers/libtorrent_peer.py create --source "$work/data.bin" --out "$work/l.torrent" --format "$format" --piece-size 1048576
            if [ "$format" = v1 ]; then one "$cap" "create $format mktorrent" mktorrent -l 20 -t 2 -o "$work/m.torrent" "$work/data.bin"; fi
            one "$cap" "verify $format compeer" "$program" verify "$work/c.torrent" "$work" --quiet
            one "$cap" "verify $format libtorrent" /usr/bin/python3 lab/bench/libtorrent_check.py "$work/c.torrent" "$work"
        done
    done
done
/usr/bin/python3 - "$work/results" <<'SUMMARY'
import collections, statistics, sys
runs = collections.defaultdict(list)
for line in open(sys.argv[1]):
    cap, job, format, program, wall, user, system = line.split()
    runs[cap, job, format, program].append((float(wall), float(user) + float(system)))
for (cap, job, format, program), times in sorted(runs.items()):
    walls, cpus = [t[0] for t in times], [t[1] for t in times]
    ratios = [theirs[0] / ours[0] for theirs, ours in zip(times, runs[cap, job, format, 'compeer'])]
    cpu_ratios = [theirs[1] / ours[1] for theirs, ours in zip(times, runs[cap, job, format, 'compeer'])]
    print(f'{cap:6} {job} {format:6} {program:10} {statistics.median(walls):5.2f} s ({min(walls):.2f}-{max(walls):.2f})  cpu {statistics.median(cpus):5.2f} s ({min(cpus):.2f}-{max(cpus):.2f})'
          + ('' if program == 'compeer' else f'  compeer is {statistics.median(ratios):.2f}x ({min(ratios):.2f}-{max(ratios):.2f}) faster, {statistics.median(cpu_ratios):.2f}x by CPU'))
SUMMARY
