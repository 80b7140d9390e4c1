#!/usr/bin/env python3
"""Plays a file of a torrent from a throttled seed as a browser does, jumps, and prints how long each jump waits for its first bytes.

usage: lab/bench/seek.py [--rate BYTES] [--size BYTES] [--piece BYTES] [--seeds N] [--rounds N] [--want BYTES]

A libtorrent seed gives RATE bytes a second; a node reads the file from its beginning, and jumps to places that are not here: a new
request with a range, then the end of the old one, as Chromium does it. Everything lies in a RAM disk; the program must be built.
"""
import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from daemon import API, ROOT, Daemon, call

PEER = f'{ROOT}/lab/peers/libtorrent_peer.py'


def peer(*args):
    return subprocess.Popen(['/usr/bin/python3', PEER, *map(str, args)], stdout=subprocess.PIPE, text=True)


def says(process, event):
    for line in process.stdout:
        said = json.loads(line)
        if said['event'] == event:
            return said
    sys.exit(f'libtorrent ended before it said {event}')


def read_from(node, torrent, file, offset, count):
    """Asks for a file from a place on, and reads so many bytes; gives the connection."""
    connection = http.client.HTTPConnection(API, timeout=120)
    connection.request('GET', f'/api/v1/torrents/{torrent}/files/{file}/content', headers={'Authorization': f'Bearer {node.token}', 'Range': f'bytes={offset}-'})
    answer = connection.getresponse()
    while count > 0:
        got = len(answer.read(min(count, 65536)))
        if got == 0:
            sys.exit('the file ended early')
        count -= got
    return connection


def once(args, work):
    os.makedirs(f'{work}/seed/film')
    for name, size in (('extras.bin', 4 * args.size), ('film.bin', args.size)):
        with open(f'{work}/seed/film/{name}', 'wb') as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))
    maker = peer('create', '--source', f'{work}/seed/film', '--out', f'{work}/film.torrent', '--piece-size', args.piece)
    magnet = says(maker, 'torrent')['magnet']
    maker.wait()
    seeds = []
    for i in range(args.seeds):
        seeds.append(peer('seed', '--torrent', f'{work}/film.torrent', '--dir', f'{work}/seed', '--bind', f'127.0.0.{2 + i}', '--port', 7391,
                          '--limit-up', args.rate // args.seeds, '--dial-nobody'))
        says(seeds[i], 'ready')
        magnet += f'&x.pe=127.0.0.{2 + i}:7391'
    node = Daemon(work)
    try:
        torrent = call('torrents', node.token, {'link': magnet, 'directory': f'{work}/got'})['id']
        while not (files := call(f'torrents/{torrent}/files', node.token)['items']):
            time.sleep(0.05)
        film = next(f['index'] for f in files if f['path'].endswith('film.bin'))
        playing = read_from(node, torrent, film, 0, args.rate * 2)
        waits = []
        for share in (0.75, 0.4, 0.9, 0.6):
            begun = time.monotonic()
            jumped = read_from(node, torrent, film, int(args.size * share), args.want) if args.late_close else None
            playing.close()
            jumped = jumped or read_from(node, torrent, film, int(args.size * share), args.want)
            waits.append(time.monotonic() - begun)
            playing = jumped
            time.sleep(1)
        here = call(f'torrents/{torrent}', node.token)['progress']
        print('jumps waited', ' '.join(f'{w:.2f}' for w in waits), f's; {here:.0%} of the torrent is here', flush=True)
        playing.close()
        return waits
    finally:
        node.stop()
        for seed in seeds:
            seed.terminate()
            seed.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rate', type=int, default=1 << 20)
    parser.add_argument('--size', type=int, default=32 << 20)
    parser.add_argument('--piece', type=int, default=256 << 10)
    parser.add_argument('--seeds', type=int, default=1)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--want', type=int, default=256 << 10)
    parser.add_argument('--late-close', action='store_true', help='end the old request only when the new place plays')
    args = parser.parse_args()
    waits = []
    for _ in range(args.rounds):
        work = tempfile.mkdtemp(dir='/dev/shm', prefix='compeer-seek-')
        try:
            waits += once(args, work)
        finally:
            shutil.rmtree(work)
    print(f'median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s of {len(waits)} jumps to {args.want >> 10} KiB at {args.rate >> 10} KiB/s from {args.seeds} seed(s)')


if __name__ == '__main__':
    main()
