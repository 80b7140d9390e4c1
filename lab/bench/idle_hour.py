"""The part `idle` of clients.py: what an hour costs a client that holds complete torrents nobody asks for."""
import json
import os
import shutil
import tempfile
import time

import clients
import measure
import torrent_clients
from network import ROOT, Network, run

DHT_NODES, DHT_PORT = 10, 6881


class Watched:
    """A client that runs, and what it had used when the watch began."""

    def __init__(self, network, client, host, dht, running, counts):
        self.client, self.host, self.dht, self.pid, self.counts = client, host, dht, running.process.pid, counts
        self.switches = measure.Switches(self.pid)
        self.first = None

    def used(self):
        voluntary, involuntary = self.switches.look()
        received, packets_in, sent, packets_out = measure.link(self.pid)
        return {'cpu': measure.cpu(self.pid), 'voluntary': voluntary, 'involuntary': involuntary, 'received': received / 1e6, 'sent': sent / 1e6,
                'packets': packets_in + packets_out, 'disk': measure.disk(self.pid) / 1e6, 'announces': announces(self.counts, self.host)}

    def row(self, seconds):
        scale = 3600 / seconds
        hour = {key: (value - self.first[key]) * scale for key, value in self.used().items()}
        return [f'{self.client.name} {self.client.version()}', 'on' if self.dht else 'off', f'{hour["cpu"]:,.1f}', f'{hour["voluntary"]:,.0f}',
                f'{hour["involuntary"]:,.0f}', f'{hour["packets"]:,.0f}', f'{hour["sent"]:,.2f}', f'{hour["received"]:,.2f}', f'{hour["announces"]:,.0f}',
                f'{hour["disk"]:,.1f}', f'{measure.memory(self.pid):,.0f}']


def announces(counts, host):
    try:
        with open(counts, encoding='ascii') as file:
            return json.load(file).get(host, 0)
    except FileNotFoundError:
        return 0


def dht_cloud(network):
    """Nodes of the DHT, each in a /24 of its own, as routing tables want them; host:port of the first."""
    home = network.host()
    addresses = [f'10.95.{number}.1' for number in range(DHT_NODES)]
    for address in addresses:
        run('ip', '-n', network.namespace(home), 'addr', 'add', f'{address}/32', 'dev', 'e0')
        run('ip', '-n', network.prefix, 'route', 'add', address, 'dev', f'v{network.hosts - 1}')
    network.start(home, '/usr/bin/python3', f'{ROOT}/lab/peers/libtorrent_dht.py', 'cloud', '--first', addresses[0], '--step', '256', '--no-limits',
                  '--count', str(DHT_NODES), '--port', str(DHT_PORT), '--timeout', '7200')
    return f'{addresses[0]}:{DHT_PORT}'


def measure_idle(args):
    states = tempfile.mkdtemp(prefix='compeer-bench-', dir='/var/tmp')
    try:
        with Network() as network:
            tracker = network.host()
            counts = clients.bench_tracker(network, tracker, args.interval)
            entry = dht_cloud(network)
            watched = []
            for client in args.clients:
                for dht in (None, entry):
                    host, state = network.host(), f'{states}/{client.name}{"-dht" if dht else ""}'
                    os.makedirs(state)
                    # Each has torrents of its own: seeds of the same ones would find and call one another.
                    own = network.directory()
                    hashes = clients.small_torrents(own, args.torrents, f'http://{tracker}:{clients.TRACKER_PORT}/announce', f'{host} ')
                    torrents, files = f'{own}/torrents', f'{own}/files'
                    client.fill(network, host, torrents, files, state)
                    running = network.start(host, *client.hold(torrents, files, host, state, dht))
                    if clients.probed(network, 'until', host, hashes, args.timeout) is None:
                        print(f'{client.name}: {args.torrents} are not served', flush=True)
                        continue
                    watched.append(Watched(network, client, host, dht, running, counts))
            print(f'{len(watched)} clients run', flush=True)
            watch(watched, args)
    finally:
        shutil.rmtree(states, ignore_errors=True)


def watch(watched, args):
    time.sleep(args.settle)
    begun = time.monotonic()
    for one in watched:
        one.first = one.used()
    told = begun
    while time.monotonic() - begun < args.seconds:
        time.sleep(min(10, max(0, args.seconds - (time.monotonic() - begun))))
        for one in watched:
            one.switches.look()
        if time.monotonic() - told > 300 or time.monotonic() - begun >= args.seconds:
            told = time.monotonic()
            show(watched, told - begun, args)


def show(watched, seconds, args):
    head = [f'an hour of {args.torrents:,} idle torrents', 'DHT', 'CPU s', 'voluntary switches', 'involuntary', 'packets, both ways', 'MB sent', 'MB received', 'announces',
            'MB written to disk', 'resident MB']
    print(f'scaled from {seconds:.0f} s\n\n' + measure.table(head, [one.row(seconds) for one in watched]) + '\n', flush=True)
