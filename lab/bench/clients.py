#!/usr/bin/python3
"""The table of clients: the same work by each of them, in turns, in one run. Prints what it sees, then tables in Markdown.

usage: clients.py transfer|check|many|idle [--clients A,B] [--rounds 3] ...

transfer  one file of 1 GiB (--mib) from a process of a client to another of the same, found through one HTTP tracker; TCP, plain, v1
check     time and processor time until a client has found existing 1 GiB whole; v1, and v2 and hybrid by those that know them
many      --torrents 10000 complete ones that the client knows from an earlier run: from its start until it serves them all, memory, idle
          processor time, and how many really answer when each is asked
idle      --torrents 1000 complete ones, one tracker (--interval 1800), nobody who wants anything, for --seconds 1800 after --settle 120, with the DHT
          off and on, all side by side: what an hour of that costs

Needs root, python3-libtorrent, transmission-daemon, aria2, rtorrent; builds nothing (./compeer --version first). A client that is not
installed is left out and named. Files lie in a RAM disk, in `idle` the clients' own state on a disk.
"""
import argparse
import hashlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time

import measure
import torrent_clients
from daemon import bencode
from network import PROGRAM, ROOT, Network, run, wait_until

TRACKER_PORT = 6969


def bench_tracker(network, host, interval):
    counts = f'{network.work}/announces'
    network.start(host, '/usr/bin/python3', f'{ROOT}/lab/bench/tracker.py', host, str(TRACKER_PORT), str(interval), counts)
    return counts


def create(source, target, form, tracker=None):
    run(PROGRAM, 'create', source, '-o', target, '--format', form, '--piece-size', '1M', *(['--tracker', tracker] if tracker else []))


def random_file(path, mib):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open('/dev/urandom', 'rb') as source, open(path, 'wb') as out:
        for _ in range(mib):
            out.write(source.read(1 << 20))
    return path


def small_torrents(work, count, tracker=None, salt=''):
    """Complete torrents of one file of 16 KiB and one piece; others with another salt."""
    for name in ('files', 'torrents'):
        os.makedirs(f'{work}/{name}')
    with open(f'{work}/hashes', 'w', encoding='ascii') as hashes:
        for number in range(count):
            content = hashlib.shake_128(f'{salt}{number}'.encode()).digest(16384)
            name = f'{number:06}.bin'
            with open(f'{work}/files/{name}', 'wb') as file:
                file.write(content)
            info = {b'name': name.encode(), b'length': len(content), b'piece length': len(content), b'pieces': hashlib.sha1(content).digest()}
            with open(f'{work}/torrents/{number:06}.torrent', 'wb') as file:
                file.write(bencode({b'info': info, **({b'announce': tracker.encode()} if tracker else {})}))
            hashes.write(hashlib.sha1(bencode(info)).hexdigest() + '\n')
    return f'{work}/hashes'


def info_hash(torrent, work):
    # The value of the key `info` reaches to the end of these torrents but for the dictionary's own end.
    with open(torrent, 'rb') as file:
        data = file.read()
    with open(f'{work}/hash', 'w', encoding='ascii') as out:
        out.write(hashlib.sha1(data[data.index(b'4:info') + 6:-1]).hexdigest() + '\n')
    return f'{work}/hash'


def warm():
    """Memory that a virtual machine's host took back is slow to get again: who comes first must not pay for that."""
    with tempfile.NamedTemporaryFile(dir='/dev/shm') as file:
        for _ in range(1200):
            file.write(bytes(1 << 20))


def probed(network, mode, host, hashes, seconds):
    """What the probe printed, or None when its time was over."""
    running = torrent_clients.probe(network, mode, host, hashes, seconds)
    running.process.wait(timeout=seconds + 60)
    with open(running.log, encoding='ascii') as log:
        return float(log.read()) if running.process.returncode == 0 else None


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Failed(Exception):
    """A client did not do its work in its time."""


# -- transfer

def transfer_once(client, args):
    with Network() as network:
        seed, leech, tracker = network.host(), network.host(), network.host()
        data, torrent, got, done = args.data, f'{network.work}/data.torrent', f'{network.work}/got', f'{network.work}/done'
        os.makedirs(got)
        create(data, torrent, 'v1', f'http://{tracker}:{TRACKER_PORT}/announce')
        bench_tracker(network, tracker, 60)
        warm()
        seeder = network.start(seed, *client.seed(torrent, os.path.dirname(data), seed, network.directory())).process
        if probed(network, 'until', seed, info_hash(torrent, network.work), 60) is None:
            raise Failed('the seed does not serve')
        time.sleep(1)
        seeder_before, children_before = measure.cpu(seeder.pid), spent()
        running = network.start(leech, *client.fetch(torrent, got, leech, network.directory(), done))
        pid, first, peak, anonymous = running.process.pid, None, 0, 0
        while running.process.poll() is None and not os.path.exists(done):
            now = time.monotonic()
            if now - running.started > args.timeout:
                raise Failed(f'not done in {args.timeout} s')
            peak, anonymous = max(peak, measure.memory(pid, 'VmHWM')), max(anonymous, measure.memory(pid, 'RssAnon'))
            first = first or (now if measure.link(pid)[0] > 1 << 20 else None)
            time.sleep(0.02)
        end = time.monotonic()
        leecher = measure.cpu(pid) if running.process.poll() is None else spent() - children_before
        seeder_used = measure.cpu(seeder.pid) - seeder_before
        if run('cmp', data, f'{got}/data.bin'):
            raise Failed('wrong bytes')
        size = os.path.getsize(data) / 1e6
        return {'rate': size / (end - running.started), 'begun': size / (end - (first or running.started)), 'leecher': leecher, 'seeder': seeder_used,
                'per cpu': size / (leecher + seeder_used), 'peak': peak, 'anonymous': anonymous}


def transfer(args):
    def row(runs):
        def column(key, digits=0):
            return measure.told([one[key] for one in runs], digits)
        return [column('rate'), column('begun'), column('leecher', 1), column('seeder', 1), column('per cpu'), column('peak'), column('anonymous')]
    with tempfile.TemporaryDirectory(prefix='compeer-bench-', dir='/dev/shm') as work:
        args.data = random_file(f'{work}/data.bin', args.mib)
        rounds(args, lambda client: transfer_once(client, args),
               ['with itself', 'MB/s', 'MB/s from the first MiB on', 'leecher CPU s', 'seeder CPU s', 'MB per CPU second', 'leecher MB', 'of it not files'], row)


# -- check

def check_once(client, torrent, args):
    with Network() as network:
        host = network.host()
        hashes = None if client.check_ends else info_hash(torrent, network.work)
        before = spent()
        running = network.start(host, *client.check(torrent, os.path.dirname(args.data), host, network.directory()))
        if client.check_ends:
            running.wait(args.timeout)
            return {'wall': time.monotonic() - running.started, 'cpu': spent() - before}
        end = probed(network, 'until', host, hashes, args.timeout)
        if end is None:
            raise Failed(f'not whole after {args.timeout} s')
        return {'wall': end - running.started, 'cpu': measure.cpu(running.process.pid)}


def check(args):
    with tempfile.TemporaryDirectory(prefix='compeer-bench-', dir='/dev/shm') as work:
        args.data = random_file(f'{work}/data.bin', args.mib)
        for form in args.formats.split(','):
            torrent = f'{work}/{form}.torrent'
            create(args.data, torrent, form)
            clients = [client for client in args.clients if form == 'v1' or client.name in ('Compeer', 'libtorrent')]
            rounds(args, lambda client, torrent=torrent: check_once(client, torrent, args), [f'check, {form}', 's', 'CPU s'],
                   lambda runs: [measure.told([one['wall'] for one in runs], 2), measure.told([one['cpu'] for one in runs], 2)], clients)


# -- many

def many_once(client, args):
    with Network() as network:
        host = network.host()
        network.crowd(50)
        hashes = small_torrents(network.work, args.torrents)
        torrents, files, state = f'{network.work}/torrents', f'{network.work}/files', network.directory()
        client.fill(network, host, torrents, files, state)
        running = network.start(host, *client.hold(torrents, files, host, state, None))
        served = probed(network, 'until', host, hashes, args.timeout)
        if served is None:
            raise Failed(f'{args.torrents} are not served after {args.timeout} s')
        time.sleep(10)
        pid = running.process.pid
        before, begun = measure.cpu(pid), time.monotonic()
        time.sleep(20)
        idle = 100 * (measure.cpu(pid) - before) / (time.monotonic() - begun)
        resident, anonymous = measure.memory(pid), measure.memory(pid, 'RssAnon')
        answered = probed(network, 'count', host, hashes, args.timeout)
        return {'start': served - running.started, 'resident': resident, 'anonymous': anonymous, 'idle': idle, 'answered': answered, 'after': measure.memory(pid)}


def many(args):
    def row(runs):
        def column(key, digits=0):
            return measure.told([one[key] for one in runs], digits)
        return [column('start', 1), column('resident'), column('anonymous'), column('idle', 2), column('answered'), column('after')]
    rounds(args, lambda client: many_once(client, args),
           [f'{args.torrents:,} torrents', 'all served after s', 'resident MB', 'of it not files', 'idle CPU %', 'of 500 asked answer', 'resident MB then'], row)


# -- all in turns

def rounds(args, measured, head, row, clients=None):
    clients = clients or args.clients
    runs, failures, slow = {client.name: [] for client in clients}, {}, set()
    for _ in range(args.rounds):
        for client in clients:
            if client.name in failures or client.name in slow:
                continue
            begun = time.monotonic()
            try:
                runs[client.name].append(measured(client))
                print(f'{client.name}: ' + ', '.join(f'{key} {value:,.2f}' for key, value in runs[client.name][-1].items()), flush=True)
                if time.monotonic() - begun > args.slow:
                    slow.add(client.name)
            except (Failed, SystemExit) as failure:
                failures[client.name] = str(failure)
                print(f'{client.name}: {failure}', flush=True)
    print('\n' + measure.table(head, [[f'{client.name} {client.version()}', *(row(runs[client.name]) if runs[client.name] else [failures[client.name]])] for client in clients]) + '\n', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', choices=('transfer', 'check', 'many', 'idle'))
    parser.add_argument('--clients', default=','.join(client.name for client in torrent_clients.ALL))
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--mib', type=int, default=1024)
    parser.add_argument('--formats', default='v1,v2,hybrid')
    parser.add_argument('--torrents', type=int)
    parser.add_argument('--interval', type=int, default=1800)
    parser.add_argument('--seconds', type=int, default=1800)
    parser.add_argument('--settle', type=int, default=120)
    parser.add_argument('--timeout', type=int, default=240)
    parser.add_argument('--slow', type=int, default=90, help='a client whose round takes longer than so many seconds has no more of them')
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('stopped'))
    names = args.clients.lower().split(',')
    args.clients = []
    for client in torrent_clients.ALL:
        if client.name.lower() in names:
            if shutil.which(client.program):
                args.clients.append(client)
            else:
                print(f'{client.name} is not installed', flush=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if args.part == 'idle':
        import idle_hour  # which takes from here what it needs
        args.torrents = args.torrents or 1000
        idle_hour.measure_idle(args)
        return
    args.torrents = args.torrents or 10000
    {'transfer': transfer, 'check': check, 'many': many}[args.part](args)


if __name__ == '__main__':
    main()
