#!/bin/bash
# Moves 1 GiB between two processes, in two network namespaces, files in a RAM disk; the pairs take turns. Nobody looks for other peers.
# "bare" is the limit: TCP, hashing and writing without an engine (bare_transfer.py), always in plain.
# usage: lab/bench/transfer.sh [ROUNDS=3] [FORMATS="v1 v2 hybrid"] [ENCRYPTION=forbid|require]      needs root and python3-libtorrent
# EARLIER=DIRECTORY of another build of compeer lets that one take part too; BYTES=N moves another number of bytes;
# TRANSPORT=utp has only uTP, and nothing bare. PAIRS="compeer,compeer earlier,earlier" has only these seeders and leechers take turns.
set -euo pipefail
rounds=${1:-3}
formats=${2:-v1 v2 hybrid}
encryption=${3:-forbid}
bytes=${BYTES:-1073741824}
transport=${TRANSPORT:-tcp}
pairs="libtorrent,libtorrent compeer,compeer ${EARLIER:+earlier,earlier} libtorrent,compeer compeer,libtorrent"
[ "$encryption $transport" != "forbid tcp" ] || pairs+=" bare,bare"
pairs=${PAIRS:-$pairs}
only=()
[ "$transport" = tcp ] || only=(--no-tcp)
source "$(dirname -- "$(readlink -f -- "$0")")/pair.sh"
ip link add e0 netns "$seed_ns" type veth peer name e0 netns "$leech_ns"
ip -n "$seed_ns" addr add 10.98.0.1/24 dev e0
ip -n "$leech_ns" addr add 10.98.0.2/24 dev e0
for ns in "$seed_ns" "$leech_ns"; do ip -n "$ns" link set lo up; ip -n "$ns" link set e0 up; done
head -c "$bytes" /dev/urandom >"$work/seed/data.bin"
for format in $formats; do
    "$program" create "$work/seed/data.bin" -o "$work/$format.torrent" --format "$format" --piece-size 1M --quiet >/dev/null
done

cpu() { awk '{print ($14 + $15) / 100}' "/proc/$1/stat"; }

program_of() { if [ "$1" = earlier ]; then echo "$EARLIER/compeer"; else echo "$program"; fi; }

# one SEEDER LEECHER FORMAT
one() {
    rm -rf "$work/got" "$work/state"
    mkdir "$work/got"
    # Memory that a virtual machine's host took back is slow to get again: who comes first must not pay for that.
    head -c 1200M /dev/zero >"$work/warm"
    rm "$work/warm"
    local torrent=$work/$3.torrent seed
    if [ "$1" = bare ]; then
        ip netns exec "$seed_ns" /usr/bin/python3 lab/bench/bare_transfer.py seed "$work/seed/data.bin" 10.98.0.1 7001 &
    elif [ "$1" = libtorrent ]; then
        ip netns exec "$seed_ns" /usr/bin/python3 lab/bench/libtorrent_transfer.py seed "$torrent" "$work/seed" 10.98.0.1 7001 "$encryption" &
    else
        ip netns exec "$seed_ns" "$(program_of "$1")" get "$torrent" --dir "$work/seed" --data-dir "$work/seedstate" --bind 10.98.0.1 --port 7001 --encryption "$encryption" --keep-seeding --no-dht --no-lan --quiet "${only[@]}" >/dev/null 2>&1 &
    fi
    seed=$!
    children=("$seed")
    sleep 3
    local before
    before=$(cpu "$seed")
    local command
    if [ "$2" = bare ]; then
        command=(/usr/bin/python3 lab/bench/bare_transfer.py leech "$work/got/data.bin" 10.98.0.2 10.98.0.1 7001 "$bytes" "$3")
    elif [ "$2" = libtorrent ]; then
        command=(/usr/bin/python3 lab/bench/libtorrent_transfer.py leech "$torrent" "$work/got" 10.98.0.2 7002 "$encryption" 10.98.0.1:7001)
    else
        command=("$(program_of "$2")" get "$torrent" --dir "$work/got" --data-dir "$work/state" --bind 10.98.0.2 --port 7002 --encryption "$encryption" --peer 10.98.0.1:7001 --no-dht --no-lan --quiet "${only[@]}")
    fi
    /usr/bin/time -f '%e %U %S %M' -o "$work/time" timeout 120 ip netns exec "$leech_ns" "${command[@]}" >/dev/null 2>&1
    local after
    after=$(cpu "$seed")
    cmp -s "$work/seed/data.bin" "$work/got/data.bin" || { echo "WRONG BYTES"; exit 1; }
    awk -v a="$1" -v b="$2" -v f="$3" -v s="$(awk "BEGIN {print $after - $before}")" -v n="$bytes" \
        '{printf "%-10s -> %-10s %-6s %6.1f MB/s  leecher cpu %5.2f s  rss %5.0f MB  seeder cpu %5.2f s\n", a, b, f, n / 1e6 / $1, $2 + $3, $4 / 1024, s}' "$work/time"
    kill "$seed"
    wait "$seed" 2>/dev/null || true
    children=()
}

for ((round = 0; round < rounds; round++)); do
    for format in $formats; do
        for pair in $pairs; do
            one "${pair%,*}" "${pair#*,}" "$format"
        done
    done
done
