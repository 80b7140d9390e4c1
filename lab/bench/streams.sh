#!/bin/bash
# Streams over TCP, Noise or TLS, and Yamux: Compeer and js-libp2p, each with itself, in turns, over loopback of a network namespace of their own;
# and beside them what the cipher and loopback allow.
#   lab/bench/streams.sh [ROUNDS] [MIB] [noise|tls]
# Prints one JSON object a line, each with the pair that it belongs to. Needs root, a release build of benchmarks/, and npm ci in lab/peers/js.
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

for round in $(seq "$rounds"); do
    listen "compeer$round" dotnet "$bench" streams listen /ip4/127.0.0.1/tcp/0 "$security"
    ip netns exec "$seed_ns" timeout 300 dotnet "$bench" streams dial "$address" "$mebibytes" "$security" | sed 's/^{/{"pair":"compeer",/'
    listener_cpu compeer
    exec {hold}>&-
    ip netns exec "$seed_ns" timeout 300 dotnet "$bench" bare listen 127.0.0.1:7001 "$mebibytes" "$security" >"$work/bare$round" &
    children+=($!)
    for _ in $(seq 300); do
        grep -q ready "$work/bare$round" && break
        sleep 0.1
    done
    ip netns exec "$seed_ns" timeout 300 dotnet "$bench" bare dial 127.0.0.1:7001 "$mebibytes" "$security" | sed 's/^{/{"pair":"bare",/'
    listen "js$round" node $js listen /ip4/127.0.0.1/tcp/0 --enc "$security" --seconds 600
    # As ours: the first of each direction is not counted.
    for what in "download,upload,download,upload --bytes $((mebibytes << 20))" "short,handshakes --bytes 100 --count 10000"; do
        ip netns exec "$seed_ns" timeout 300 node $js dial "$address" $what --enc "$security" --seconds 290 | grep -E '"(done|error)"' | tail -n 2 | sed 's/^{/{"pair":"js",/'
        listener_cpu js
    done
    exec {hold}>&-
    kill "${children[-1]}" 2>/dev/null || true
done
ip netns exec "$seed_ns" dotnet "$bench" streams idle "$security"
