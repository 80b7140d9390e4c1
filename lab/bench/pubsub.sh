#!/bin/bash
# Messages a second through gossipsub, signed and checked: Compeer and js-libp2p, each with itself and with the other, in turns, over loopback of a network namespace.
#   lab/bench/pubsub.sh [ROUNDS] [COUNT] [BYTES]
# Prints one JSON object a line, each with its publisher and its receiver. Needs root, a release build of benchmarks/, and npm ci in lab/peers/js.
set -euo pipefail
rounds=${1:-3} count=${2:-10000} bytes=${3:-100}
source "$(dirname -- "$(readlink -f -- "$0")")/pair.sh"
ip -n "$seed_ns" link set lo up
declare -A program=(
    [compeer]="dotnet $PWD/artifacts/bin/Compeer.Benchmarks/release/Compeer.Benchmarks.dll pubsub"
    [js]="node lab/peers/js/libp2p_pubsub_rate.mjs"
)

# measure PUBLISHER RECEIVER
measure() {
    local log=$work/$1-$2-$round address=
    ip netns exec "$seed_ns" timeout 300 ${program[$2]} listen /ip4/127.0.0.1/tcp/0 "$count" >"$log" &
    local listener=$!
    children+=($listener)
    for _ in $(seq 300); do
        address=$(grep -m1 -o '/ip4/[^"]*' "$log" || true)
        [ -z "$address" ] || break
        sleep 0.1
    done
    [ -n "$address" ] || { echo "pubsub.sh: the listener did not start: $(cat "$log")" >&2; exit 1; }
    # The publisher stays until the receiver has ended.
    while kill -0 $listener 2>/dev/null; do sleep 0.2; done | ip netns exec "$seed_ns" timeout 300 ${program[$1]} dial "$address" "$count" "$bytes" >"$log.dial"
    grep -h '"what"' "$log" "$log.dial" | sed "s/^{/{\"publisher\":\"$1\",\"receiver\":\"$2\",/"
}

for round in $(seq "$rounds"); do
    measure compeer compeer
    measure js js
    measure compeer js
    measure js compeer
done
