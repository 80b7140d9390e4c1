#!/usr/bin/python3
"""Measures how growth costs, and draws it: one CSV file and one SVG plot a curve.

    curves.py growth|peers|pieces|torrents|torrents-memory|connections-memory [--rounds N] [--out DIRECTORY] [--short]

growth    time until N = 1..32 clients have one file: a swarm of Compeer, a swarm of libtorrent, and nginx, every host sending 2 MiB/s
peers     rate of one leecher from 1..64 seeds
pieces    rate of one leecher from one seed, pieces of 16 KiB to 16 MiB
torrents  rate of one leecher from one seed, the same bytes in 1..256 torrents
torrents-memory, connections-memory   resident memory of a seeding node with 100..10,000 torrents, or idle connections

Needs root, python3-libtorrent and nginx; builds nothing: ./compeer --version first, and for torrents dotnet build -c Release, then
dotnet build -c Release benchmarks/Compeer.Benchmarks -p:AheadBenchmarks=true, or the start of the compiler is measured too.
"""
import argparse
import os
import re
import shutil
import sys
import time

from network import BENCHMARKS, PROGRAM, ROOT, Network, run, wait_until

LIBTORRENT = ['/usr/bin/python3', f'{ROOT}/lab/peers/libtorrent_peer.py']
FAST_LIBTORRENT = ['/usr/bin/python3', f'{ROOT}/lab/bench/libtorrent_transfer.py']
PORT = 7001
ALONE = ['--no-dht', '--no-lan', '--no-port-mapping']


class Curve:
    """Collects and prints measurements and writes them as CSV and SVG."""

    def __init__(self, name, title, x, y, *axes):
        self.name, self.title, self.axes = name, title, axes
        self.lines = [f'series,{x},{y}']

    def add(self, series, x, y):
        self.lines.append(f'{series},{x:g},{y:.4g}')
        print(f'{self.name}: {self.lines[-1]}', flush=True)

    def write(self, directory):
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, self.name)
        with open(f'{path}.csv', 'w', encoding='utf-8') as out:
            out.write('\n'.join(self.lines) + '\n')
        run('dotnet', BENCHMARKS, 'plot', f'{path}.csv', f'{path}.svg', self.title, *self.axes)


def make(path, size):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open('/dev/urandom', 'rb') as source, open(path, 'wb') as out:
        for _ in range(size >> 20):
            out.write(source.read(1 << 20))
    return path


def create(source, target, piece_bytes, tracker=None):
    run(PROGRAM, 'create', source, '-o', target, '--format', 'v1', '--piece-size', str(piece_bytes), *(['--tracker', tracker] if tracker else []))
    return target


def same(one, other):
    if run('cmp', one, other):
        sys.exit(f'{other} is not {one}')


def compeer(network, host, torrent, directory, *options):
    return network.start(host, PROGRAM, 'get', torrent, '--dir', directory, '--data-dir', network.directory(), '--bind', host, '--port', str(PORT), *ALONE, *options)


# -- one file, N clients

def growth(args, curve):
    rate, size = 2 << 20, (8 if args.short else 32) << 20
    counts = [1, 4] if args.short else [1, 2, 4, 8, 16, 32]
    with Network() as network:
        seed, tracker = network.host(rate), network.host()
        clients = [network.host(rate) for _ in range(counts[-1])]
        data = make(f'{network.work}/seed/data.bin', size)
        torrent = create(data, f'{network.work}/data.torrent', 128 << 10, f'http://{tracker}:6969/announce')
        for _ in range(args.rounds):
            for count in counts:
                curve.add('Compeer', count, swarm(network, seed, tracker, clients[:count], torrent, data, True))
                curve.add('libtorrent', count, swarm(network, seed, tracker, clients[:count], torrent, data, False))
        for count in counts:
            curve.add('nginx', count, downloads(network, seed, clients[:count], data))


def swarm(network, seed, tracker, clients, torrent, data, ours):
    """Seconds from the start of the seed, while all clients wait for it, until the last of them has the file."""
    desk = network.start(tracker, PROGRAM, 'tracker', '--http', f'{tracker}:6969')
    wait_until(lambda: desk.has_printed('http://'), 20, 'tracker')

    def peer(host, directory, mode):
        if ours:
            return compeer(network, host, torrent, directory, '--json', '--keep-seeding')
        return network.start(host, *LIBTORRENT, mode, '--torrent', torrent, '--dir', directory, '--bind', host, '--port', str(PORT), '--keep-seeding', '--no-pex')

    directories = [network.directory() for _ in clients]
    leechers = [peer(*pair, 'leech') for pair in zip(clients, directories)]
    # Long enough for all to have started and announced themselves: only the seed is missing.
    time.sleep(3 + len(clients) * 0.6)
    start = time.monotonic()
    peer(seed, os.path.dirname(data), 'seed')
    wait_until(lambda: all(l.has_printed('"complete"') for l in leechers), 600, 'complete swarm')
    seconds = time.monotonic() - start
    network.stop_all()
    for directory in directories:
        same(data, f'{directory}/data.bin')
        os.unlink(f'{directory}/data.bin')
    return seconds


def downloads(network, server, clients, data):
    """Seconds until the last of the clients, started at once, has the file from one web server."""
    directory = network.directory()
    with open(f'{directory}/nginx.conf', 'w', encoding='utf-8') as out:
        out.write(f'daemon off; pid {directory}/pid; error_log stderr; events {{}} http {{ access_log off; sendfile on; '
                  f'server {{ listen {server}:8080; root {os.path.dirname(data)}; }} }}')
    os.chmod(network.work, 0o755)
    network.start(server, 'nginx', '-p', directory, '-c', f'{directory}/nginx.conf', '-e', 'stderr')
    time.sleep(1)
    start = time.monotonic()
    fetching = [network.start(c, 'curl', '-sf', '-o', f'{directory}/{c}', f'http://{server}:8080/data.bin') for c in clients]
    for one in fetching:
        one.wait(1200)
    seconds = time.monotonic() - start
    network.stop_all()
    for client in clients:
        same(data, f'{directory}/{client}')
    return seconds


# -- one leecher

def fetch(network, host, torrent, data, seeds, ours):
    """MB/s of a leecher, from the start of its process to its end."""
    directory = network.directory()
    # Memory that a virtual machine's host took back is slow to get again: who comes first must not pay for that.
    shutil.copyfile(data, f'{directory}/warm')
    os.unlink(f'{directory}/warm')
    if ours:
        leech = compeer(network, host, torrent, directory, '--quiet', *(o for s in seeds for o in ('--peer', f'{s}:{PORT}')))
    else:
        leech = network.start(host, *FAST_LIBTORRENT, 'leech', torrent, directory, host, str(PORT), 'forbid', *(f'{s}:{PORT}' for s in seeds))
    leech.wait(300)
    seconds = time.monotonic() - leech.started
    same(data, f'{directory}/data.bin')
    os.unlink(f'{directory}/data.bin')
    return os.path.getsize(data) / 1e6 / seconds


def seed_with(network, host, torrent, data, ours):
    if ours:
        return compeer(network, host, torrent, os.path.dirname(data), '--quiet', '--keep-seeding')
    return network.start(host, *FAST_LIBTORRENT, 'seed', torrent, os.path.dirname(data), host, str(PORT), 'forbid')


def peers(args, curve):
    counts = [1, 8] if args.short else [1, 2, 4, 8, 16, 32, 64]
    with Network() as network:
        leecher = network.host()
        seeds = [network.host() for _ in range(counts[-1])]
        data = make(f'{network.work}/seed/data.bin', (128 if args.short else 512) << 20)
        torrent = create(data, f'{network.work}/data.torrent', 1 << 20)
        for ours in (True, False):
            for host in seeds:
                seed_with(network, host, torrent, data, ours)
                time.sleep(0.5)
            time.sleep(5)
            for _ in range(args.rounds):
                for count in counts:
                    curve.add('Compeer' if ours else 'libtorrent', count, fetch(network, leecher, torrent, data, seeds[:count], ours))
            network.stop_all()


def pieces(args, curve):
    sizes = [16 << 10, 1 << 20] if args.short else [16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20]
    with Network() as network:
        seed, leecher = network.host(), network.host()
        data = make(f'{network.work}/seed/data.bin', (128 if args.short else 512) << 20)
        torrents = {size: create(data, f'{network.work}/{size}.torrent', size) for size in sizes}
        for _ in range(args.rounds):
            for size, torrent in torrents.items():
                for ours in (True, False):
                    running = seed_with(network, seed, torrent, data, ours)
                    time.sleep(2.5)
                    curve.add('Compeer' if ours else 'libtorrent', size >> 10, fetch(network, leecher, torrent, data, [seed], ours))
                    running.stop()


def torrents(args, curve):
    counts = [1, 16] if args.short else [1, 4, 16, 64, 256]
    size = (128 if args.short else 512) << 20
    with Network() as network:
        seed, leecher = network.host(), network.host()
        for count in counts:
            content, links = network.directory(), network.directory()
            for number in range(count):
                data = make(f'{content}/{number}.bin', max(1 << 20, size // count))
                create(data, f'{links}/{number}.torrent', 256 << 10)
            for _ in range(args.rounds):
                for ours in (True, False):
                    curve.add('Compeer' if ours else 'libtorrent', count, fetch_all(network, seed, leecher, links, content, ours))
            shutil.rmtree(content)


def fetch_all(network, seed, leecher, links, content, ours):
    """MB/s over all torrents, from the start of the leecher's process to its end."""
    got = network.directory()

    def node(mode, host, directory, *peers):
        command = ['dotnet', BENCHMARKS, 'torrents'] if ours else FAST_LIBTORRENT
        return network.start(host, *command, mode, links, directory, host, str(PORT), 'forbid', *peers)

    running = node('seed', seed, content)
    if ours:
        wait_until(lambda: running.has_printed('complete'), 60, 'seed')
    else:
        time.sleep(2.5)
    leech = node('leech', leecher, got, f'{seed}:{PORT}')
    leech.wait(300)
    seconds = time.monotonic() - leech.started
    running.stop()
    for name in os.listdir(content):
        same(f'{content}/{name}', f'{got}/{name}')
    shutil.rmtree(got)
    return sum(os.path.getsize(f'{content}/{name}') for name in os.listdir(content)) / 1e6 / seconds


# -- memory

def memory(args, curve, verb, count_option, *more):
    counts = [100, 1000] if args.short else [100, 300, 1000, 3000, 10000]
    with Network() as network:
        for count in counts:
            printed = run('dotnet', BENCHMARKS, verb, count_option, str(count), '--rounds', str(args.rounds), '--seconds', '1',
                          '--folder', f'{network.work}/{verb}{count}', *(option.format(count // 20) for option in more))
            for megabytes in re.findall(r'^round .* resident MB ([0-9.]+)', printed, re.MULTILINE):
                curve.add('Compeer', count, float(megabytes))


def torrents_memory(args, curve):
    memory(args, curve, 'many', '--torrents', '--large', '{}')


def connections_memory(args, curve):
    memory(args, curve, 'connections', '--count')


CURVES = {
    'growth': (growth, 'One file of 32 MiB for N clients, each host sending 2 MiB/s', 'clients', 'seconds until the last has it', 'log-x', 'log-y'),
    'peers': (peers, 'One leecher, N seeds, 512 MiB', 'seeds', 'MB/s', 'log-x'),
    'pieces': (pieces, 'One leecher, one seed, 512 MiB, by piece size', 'piece KiB', 'MB/s', 'log-x'),
    'torrents-memory': (torrents_memory, 'A seeding node, N torrents, every twentieth of 100 files', 'torrents', 'resident MB', 'log-x'),
    'connections-memory': (connections_memory, 'A seeding node, N idle connections', 'connections', 'resident MB', 'log-x'),
    'torrents': (torrents, 'One leecher, one seed, 512 MiB in N torrents', 'torrents', 'MB/s', 'log-x'),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('curve', choices=CURVES)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--out', default=f'{ROOT}/docs/curves')
    parser.add_argument('--short', action='store_true', help='two points and small files')
    args = parser.parse_args()
    measure, *about = CURVES[args.curve]
    curve = Curve(args.curve, *about)
    measure(args, curve)
    curve.write(args.out)


if __name__ == '__main__':
    main()
