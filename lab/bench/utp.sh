#!/bin/bash
# uTP over a slow link in user space (lab/bench/link.py): libtorrent with itself and Compeer with itself take turns; TCP is off.
# usage: lab/bench/utp.sh [ROUNDS=2] [LINK...]     LINK: lossy, clean, fast      needs root, /dev/net/tun and python3-libtorrent
set -euo pipefail
rounds=${1:-2}
shift || true
links=("$@")
[ ${#links[@]} -gt 0 ] || links=(lossy clean)
source "$(dirname -- "$(readlink -f -- "$0")")/pair.sh"

# one PROGRAM LINK ROUND BYTES SHIM-OPTIONS...
one() {
    local who=$1 link=$2 round=$3 bytes=$4
    shift 4
    rm -rf "$work/got" "$work/state" "$work/seedstate"
    mkdir "$work/got"
    python3 lab/bench/link.py --a "$seed_ns" --b "$leech_ns" --seed "$round" "$@" >"$work/link" &
    local shim=$! seed
    children=("$shim")
    until grep -q ready "$work/link"; do sleep 0.1; done
    if [ "$who" = libtorrent ]; then
        ip netns exec "$seed_ns" /usr/bin/python3 lab/peers/libtorrent_peer.py seed --torrent "$work/$link.torrent" --dir "$work/seed" --bind 10.99.0.1 --port 7001 --utp-only >/dev/null 2>&1 &
    else
        ip netns exec "$seed_ns" "$program" get "$work/$link.torrent" --dir "$work/seed" --data-dir "$work/seedstate" --bind 10.99.0.1 --port 7001 --keep-seeding --no-tcp --no-dht --quiet >/dev/null 2>&1 &
    fi
    seed=$!
    children+=("$seed")
    sleep 4
    local command start end
    if [ "$who" = libtorrent ]; then
        command=(/usr/bin/python3 lab/peers/libtorrent_peer.py leech --torrent "$work/$link.torrent" --dir "$work/got" --bind 10.99.0.2 --port 7002 --connect 10.99.0.1:7001 --utp-only)
    else
        command=("$program" get "$work/$link.torrent" --dir "$work/got" --data-dir "$work/state" --bind 10.99.0.2 --port 7002 --peer 10.99.0.1:7001 --no-tcp --no-dht --quiet)
    fi
    start=$(date +%s.%N)
    timeout 600 ip netns exec "$leech_ns" "${command[@]}" >/dev/null 2>&1 || { echo "$who failed"; return 1; }
    end=$(date +%s.%N)
    cmp -s "$work/seed/$link.bin" "$work/got/$link.bin" || { echo "WRONG BYTES"; return 1; }
    kill "$seed" && wait "$seed" 2>/dev/null || true
    kill "$shim" && wait "$shim" 2>/dev/null || true
    children=()
    python3 - "$who" "$link" "$bytes" "$start" "$end" "$work/link" <<'PYTHON'
import json, sys
who, link, size, start, end, path = sys.argv[1:]
there = json.loads(open(path).read().splitlines()[-1])['aToB']
seconds = float(end) - float(start)
print(f"{link:6} {who:10} {int(size) * 8 / seconds / 1e6:7.2f} Mbit/s  {seconds:6.1f} s  queue mean {there['queueMeanMs']:6.1f} p50 {there['queueP50Ms']:6.1f} p95 {there['queueP95Ms']:6.1f} ms"
      f"  {there['packets']} packets, {there['bytes'] / int(size):.3f} x the bytes, {there['lost']} lost, {there['overflowed']} overflowed", flush=True)
PYTHON
}

for link in "${links[@]}"; do
    case $link in
        lossy) bytes=$((12 << 20)) options=(--delay 50 --rate 50 --queue-ms 500 --loss 0.01 --late 0.01 --late-by 10) ;;
        clean) bytes=$((96 << 20)) options=(--delay 50 --rate 50 --queue-ms 500) ;;
        fast) bytes=$((64 << 20)) options=(--delay 5 --rate 0 --queue-ms 500 --loss 0.0001) ;;
        *) echo "no such link: $link" >&2; exit 2 ;;
    esac
    head -c "$bytes" /dev/urandom >"$work/seed/$link.bin"
    "$program" create "$work/seed/$link.bin" -o "$work/$link.torrent" --format v1 --piece-size 256K --quiet >/dev/null
    for ((round = 1; round <= rounds; round++)); do
        one libtorrent "$link" "$round" "$bytes" "${options[@]}"
        one compeer "$link" "$round" "$bytes" "${options[@]}"
    done
done
