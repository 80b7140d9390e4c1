#!/bin/bash
# Streams over TCP, Noise or TLS, and Yamux: Compeer and js-libp2p, each with itself, in turns, over loopback of a network namespace of their own;
# and what the cipher and loopback allow, before and after Compeer in each round: a round's limit is the median of both.
#   lab/bench/streams.sh [ROUNDS] [MIB] [noise|tls]
# EARLIER=DIRECTORY of another build of Compeer.Benchmarks lets that one take part too.
# Prints one JSON object a line, each with the pair that it belongs to, then the ratios round by round and their medians.
# Needs root, a release build of benchmarks/, and npm ci in lab/peers/js.
set -euo pipefail
rounds=${1:-3} mebibytes=${2:-1024} security=${3:-noise}
source "$(dirname -- "$(readlink -f -- "$0")")/pair.sh"
ip -n "$seed_ns" link set lo up
bench=$PWD/artifacts/bin/Compeer.Benchmarks/release/Compeer.Benchmarks.dll
js=lab/peers/js/libp2p_peer.mjs

# listen NAME COMMAND...: starts a listener and sets address.
listen() {
    local log=$work/$1; shift
    mkfifo "$log.in"
    ip netns exec "$seed_ns" "$@" <"$log.in" >"$log" &
    children+=($!)
    exec {hold}>"$log.in"
    for _ in $(seq 300); do
        address=$(grep -m1 -o '/ip4/[^"]*' "$log" || true)
        [ -n "$address" ] && return
        sleep 0.1
    done
    echo "streams.sh: the listener did not start: $(cat "$log")" >&2
    exit 1
}

# listener_cpu PAIR: processor time of the listener so far.
listener_cpu() {
    awk -v pair="$1" -v hz="$(getconf CLK_TCK)" '{printf "{\"pair\":\"%s\",\"what\":\"listener\",\"cpu\":%.2f}\n", pair, ($14 + $15) / hz}' "/proc/${children[-1]}/stat"
}

# of_pair PAIR: adds it to each line, and the round.
of_pair() { sed "s/^{/{\"pair\":\"$1\",\"round\":$round,/" | tee -a "$work/lines"; }

# ours PAIR DLL
ours() {
    listen "$1$round" dotnet "$2" streams listen /ip4/127.0.0.1/tcp/0 "$security"
    ip netns exec "$seed_ns" timeout 300 dotnet "$2" streams dial "$address" "$mebibytes" "$security" | of_pair "$1"
    listener_cpu "$1"
    exec {hold}>&-
}

limit() {
    ip netns exec "$seed_ns" timeout 300 dotnet "$bench" bare listen 127.0.0.1:7001 "$mebibytes" "$security" >"$work/bare" &
    children+=($!)
    for _ in $(seq 300); do
        grep -q ready "$work/bare" && break
        sleep 0.1
    done
    ip netns exec "$seed_ns" timeout 300 dotnet "$bench" bare dial 127.0.0.1:7001 "$mebibytes" "$security" | of_pair limit
    wait "${children[-1]}"
}

theirs() {
    listen "js$round" node $js listen /ip4/127.0.0.1/tcp/0 --enc "$security" --seconds 600
    # As ours: the first of each direction is not counted. The number is of how many of the last are.
    for what in "3 download,upload,download,upload,many --bytes $((mebibytes << 20))" "2 short,handshakes --bytes 100 --count 10000"; do
        ip netns exec "$seed_ns" timeout 300 node $js dial "$address" ${what#* } --enc "$security" --seconds 290 | grep -E '"(done|error)"' | tail -n "${what%% *}" | of_pair js
        listener_cpu js
    done
    exec {hold}>&-
    kill "${children[-1]}" 2>/dev/null || true
}

for round in $(seq "$rounds"); do
    limit
    ours compeer "$bench"
    [ -z "${EARLIER:-}" ] || ours earlier "$EARLIER/Compeer.Benchmarks.dll"
    limit
    theirs
done
/usr/bin/python3 lab/bench/streams_ratios.py "$work/lines" "$mebibytes"
ip netns exec "$seed_ns" dotnet "$bench" streams idle "$security"
listen js node $js listen /ip4/127.0.0.1/tcp/0 --enc "$security" --seconds 120
ip netns exec "$seed_ns" timeout 120 node --expose-gc $js dial "$address" idle --count 200 --enc "$security" --seconds 110 | grep -E '"(done|error)"'
