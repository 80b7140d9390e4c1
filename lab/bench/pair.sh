# For the scripts beside it, which source it: a work directory in memory and two namespaces, removed at exit with the processes in children.
# Sets program, work, seed_ns, leech_ns and children; stands in the root of the repository.
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."
source lab/bench/program.sh
work=$(mktemp -d /dev/shm/compeer-bench-XXXX)
seed_ns=cpbs$$ leech_ns=cpbl$$
children=()
cleanup() {
    for pid in "${children[@]}"; do kill "$pid" 2>/dev/null || true; done
    ip netns del "$seed_ns" 2>/dev/null || true
    ip netns del "$leech_ns" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
ip netns add "$seed_ns"
ip netns add "$leech_ns"
mkdir "$work/seed"
