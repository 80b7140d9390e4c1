#!/bin/bash
# UDP servers on loopback in a namespace of their own: Compeer's tracker and opentracker, Compeer's DHT node and libtorrent's, take turns.
# The server has one core, the generator (benchmarks/Compeer.Benchmarks) another. "memory" announces a million peers once.
# usage: lab/bench/udp_servers.sh [ROUNDS=3] [PART...]      PART: tracker, memory, dht      needs root, two cores, opentracker and python3-libtorrent
# EARLIER=DIRECTORY of another build of compeer lets that one take part too (tracker).
set -euo pipefail
rounds=${1:-3}
shift || true
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(tracker memory dht)
source "$(dirname -- "$(readlink -f -- "$0")")/pair.sh"
load=$PWD/artifacts/bin/Compeer.Benchmarks/release/Compeer.Benchmarks.dll
ip -n "$seed_ns" link set lo up
# opentracker reads its white list as nobody.
chmod 755 "$work"
dotnet "$load" info-hashes 4000 >"$work/white"
printf 'listen.tcp_udp 127.0.0.1:6969\naccess.whitelist %s\n' "$work/white" >"$work/opentracker.conf"

# serve NAME COMMAND... : begins it on the first core
serve() {
    name=$1
    shift
    ip netns exec "$seed_ns" taskset -c 0 "$@" >/dev/null 2>&1 &
    children=($!)
    sleep 2.5
}

# ask VERB CLIENTS SWARMS SECONDS : from the second core
ask() {
    printf '%-8s %-12s ' "$1" "$name"
    ip netns exec "$seed_ns" taskset -c 1 dotnet "$load" "$1" 127.0.0.1:6969 "$2" "$3" "$4" "${children[0]}"
}

stop() {
    kill "${children[0]}"
    wait "${children[0]}" 2>/dev/null || true
    children=()
}

trackers() {
    serve opentracker opentracker -f "$work/opentracker.conf"
    "$@"
    serve compeer "$program" tracker --udp 127.0.0.1:6969 --max-peers 1200000
    "$@"
    [ -n "${EARLIER:-}" ] || return 0
    serve earlier "$EARLIER/compeer" tracker --udp 127.0.0.1:6969
    "$@"
}

announce() {
    ask tracker 32 1000 2
    ask tracker 32 1000 6
    stop
}

fill() {
    ask tracker-fill 250 4000 40
    stop
}

for ((round = 0; round < rounds; round++)); do
    for part in "${parts[@]}"; do
        case $part in
            tracker) trackers announce ;;
            memory) trackers fill ;;
            dht)
                serve libtorrent /usr/bin/python3 lab/bench/libtorrent_dht.py 127.0.0.1:6969
                ask dht 32 500 6
                stop
                serve compeer "$program" dht node --bind 127.0.0.1 --port 6969 --data-dir "$work/dht" --dht-bootstrap 127.0.0.1:1 --reply-rate 0 --query-rate 1000000
                ask dht 32 500 2
                ask dht 32 500 6
                stop
                ;;
            *) echo "no such part: $part" >&2; exit 2 ;;
        esac
    done
done
