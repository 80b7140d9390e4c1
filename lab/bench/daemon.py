#!/usr/bin/env python3
"""Starts a daemon with N torrents and prints what that costs: time to the first answer, memory, idle processor time, time of a list.

usage: lab/bench/daemon.py [--torrents 50] [--paused] [--rounds 3] [--idle SECONDS] [--connections N]

With --connections that many peers connect, evenly over the torrents, and stay idle; what the API takes to answer is told without
and with them, of 50 calls of each kind. Each torrent is one complete file of 16 KiB; all are added through the API, then the daemon is started anew for each round.
Everything lies in a RAM disk. The program must be built; nothing leaves the machine.
"""
import argparse
import hashlib
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from network import PROGRAM

API = '127.0.0.1:7390'


def call(path, token, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f'http://{API}/api/v1/{path}', data, {'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise SystemExit(f'{path}: {error.read().decode()}') from error


def bencode(value):
    if isinstance(value, int):
        return b'i%de' % value
    if isinstance(value, bytes):
        return b'%d:%s' % (len(value), value)
    return b'd' + b''.join(bencode(k) + bencode(v) for k, v in sorted(value.items())) + b'e'


class Daemon:
    running = None

    def __init__(self, work):
        self.started = time.monotonic()
        self.data = f'{work}/data'
        self.process = subprocess.Popen(
            [PROGRAM, 'daemon', '--api', API, '--data-dir', self.data, '--bind', '127.0.0.1', '--no-dht', '--no-lan', '--no-port-mapping'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        Daemon.running = self.process
        self.answered = self.wait(lambda node: True)

    def wait(self, is_enough):
        """Seconds from the start until the node says so."""
        while time.monotonic() - self.started < 300:
            try:
                with open(f'{self.data}/token', encoding='ascii') as token:
                    self.token = token.read().strip()
                if is_enough(call('node', self.token)):
                    return time.monotonic() - self.started
            except (OSError, urllib.error.URLError):
                time.sleep(0.01)
        sys.exit('the daemon did not answer')

    def cpu(self):
        with open(f'/proc/{self.process.pid}/stat', encoding='ascii') as stat:
            fields = stat.read().rsplit(') ', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def resident(self):
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as status:
            return next(int(line.split()[1]) for line in status if line.startswith('VmRSS')) / 1024

    def stop(self):
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - begun


def fill(work, count, paused):
    """Adds all torrents."""
    os.makedirs(f'{work}/files')
    daemon = Daemon(work)
    for number in range(count):
        content = hashlib.shake_128(b'%d' % number).digest(16384)
        name = f'{number}.bin'
        with open(f'{work}/files/{name}', 'wb') as file:
            file.write(content)
        info = {b'name': name.encode(), b'length': len(content), b'piece length': len(content), b'pieces': hashlib.sha1(content).digest()}
        with open(f'{work}/one.torrent', 'wb') as file:
            file.write(bencode({b'info': info}))
        call('torrents', daemon.token, {'path': f'{work}/one.torrent', 'directory': f'{work}/files', 'paused': paused})
    daemon.wait(lambda node: node['torrents']['paused' if paused else 'seeding'] == count)
    daemon.stop()


def greet(number, port, swarm):
    """A peer from an address of its own that says hello, hears that the other side has everything, and stays."""
    peer = socket.create_connection(('127.0.0.1', port), 60, (f'127.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}', 0))
    peer.sendall(b'\x13BitTorrent protocol' + bytes([0, 0, 0, 0, 0, 0, 0, 4]) + swarm + b'-BM0001-' + os.urandom(12))
    left = 68 + 5
    while left:
        got = len(peer.recv(left))
        if not got:
            sys.exit(f'the daemon closed connection {number}')
        left -= got
    return peer


def answers(token, first):
    """Milliseconds of calls, each kind after one that is not counted: median and longest."""
    told = []
    for name, path in (('node', 'node'), ('list', 'torrents?limit=100&sort=name'), ('details', f'torrents/{first}'), ('peers', f'torrents/{first}/peers')):
        times = []
        for _ in range(51):
            begun = time.monotonic()
            call(path, token)
            times.append(1000 * (time.monotonic() - begun))
        told.append(f'{name} {statistics.median(times[1:]):.0f} ({max(times[1:]):.0f})')
    return ', '.join(told) + ' ms'


def connect(daemon, count):
    """Tells what the API takes before and with so many idle connections, and what they cost."""
    listed = call('torrents?limit=1000&sort=name', daemon.token)['items']
    hashes = [torrent['id'] for torrent in listed]
    port = call('node', daemon.token)['port']
    print(f'without connections: resident {daemon.resident():.0f} MB; {answers(daemon.token, hashes[0])}', flush=True)
    begun = time.monotonic()
    peers = [greet(number + 256, port, bytes.fromhex(hashes[number % len(hashes)])) for number in range(count)]
    took = time.monotonic() - begun
    before, begun = daemon.cpu(), time.monotonic()
    time.sleep(10)
    idle = (daemon.cpu() - before) / (time.monotonic() - begun)
    print(f'{count} connections, made in {took:.1f} s: resident {daemon.resident():.0f} MB, idle {100 * idle:.1f} % of a core; {answers(daemon.token, hashes[0])}', flush=True)
    for peer in peers:
        peer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--torrents', type=int, default=50)
    parser.add_argument('--paused', action='store_true')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--idle', type=float, default=20)
    parser.add_argument('--connections', type=int, default=0)
    args = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    state = 'paused' if args.paused else 'seeding'
    work = tempfile.mkdtemp(prefix='compeer-daemon-', dir='/dev/shm')
    try:
        fill(work, args.torrents, args.paused)
        for number in range(args.rounds):
            daemon = Daemon(work)
            opened = daemon.wait(lambda node: node['torrents'][state] == args.torrents)
            if args.connections:
                connect(daemon, args.connections)
                daemon.stop()
                continue
            time.sleep(10)
            before = daemon.cpu()
            time.sleep(args.idle)
            idle = (daemon.cpu() - before) / args.idle
            asked = time.monotonic()
            call('torrents?limit=100&sort=name', daemon.token)
            listed = time.monotonic() - asked
            resident = daemon.resident()
            print(f'round {number}: {args.torrents} {state}: first answer {daemon.answered:.2f} s, all open {opened:.2f} s, resident {resident:.0f} MB, '
                  f'idle {100 * idle:.1f} % of a core, a list of 100 {1000 * listed:.0f} ms, stop {daemon.stop():.2f} s', flush=True)
    finally:
        if Daemon.running.poll() is None:
            Daemon.running.kill()
            Daemon.running.wait()
        shutil.rmtree(work)


if __name__ == '__main__':
    main()
