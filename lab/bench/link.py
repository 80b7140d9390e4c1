#!/usr/bin/python3
"""A slow, lossy link between two network namespaces, in user space over two TUN devices.

    link.py --a NAMESPACE --b NAMESPACE [--prefix 10.99.0] [--delay MS] [--rate MBIT] [--queue-ms MS] [--loss PART]
            [--late PART] [--late-by MS] [--seed N]

Gives A the address PREFIX.1 and B PREFIX.2 on a device "tun0" of 1,500 bytes. Each direction has its own bottleneck: packets wait
at --rate for at most --queue-ms, are then lost at random, and travel --delay; a part of them takes --late-by longer, which
reorders them. Prints one JSON object a line: "ready", and at SIGTERM "summary", what each direction did. Needs root; ends with its caller.
"""
import argparse
import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    with open(path) as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f'cannot enter {path}')


def open_tun(namespace, address):
    enter(f'/run/netns/{namespace}')
    tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', b'tun0', IFF_TUN | IFF_NO_PI))
    enter(f'/proc/{os.getppid()}/ns/net')
    for command in (f'addr add {address}/24 dev tun0', 'link set tun0 txqueuelen 10000 up', 'link set lo up'):
        subprocess.run(['ip', '-n', namespace, *command.split()], check=True)
    return tun


class Direction:
    def __init__(self, args, source, target, seed):
        self.args, self.source, self.target = args, source, target
        self.random = random.Random(seed)
        self.rate = args.rate * 125000.0
        self.busy_until = 0.0
        self.waits, self.packets, self.bytes, self.lost, self.overflowed = [], 0, 0, 0, 0

    def take(self, packet, now, travelling, order):
        args = self.args
        start = max(now, self.busy_until)
        wait = start - now
        if wait * 1000 > args.queue_ms:
            self.overflowed += 1
            return
        self.busy_until = start + len(packet) / self.rate if self.rate else start
        self.packets += 1
        self.bytes += len(packet)
        self.waits.append(wait)
        if self.random.random() < args.loss:
            self.lost += 1
            return
        arrives = self.busy_until + args.delay / 1000
        if self.random.random() < args.late:
            arrives += args.late_by / 1000
        heapq.heappush(travelling, (arrives, order, self.target, packet))

    def summary(self):
        waits = sorted(self.waits) or [0.0]
        return {'packets': self.packets, 'bytes': self.bytes, 'lost': self.lost, 'overflowed': self.overflowed,
                'queueMeanMs': round(1000 * sum(waits) / len(waits), 1), 'queueP50Ms': round(1000 * waits[len(waits) // 2], 1),
                'queueP95Ms': round(1000 * waits[int(len(waits) * 0.95)], 1)}


def carry(args):
    a, b = open_tun(args.a, args.prefix + '.1'), open_tun(args.b, args.prefix + '.2')
    there, back = Direction(args, a, b, args.seed), Direction(args, b, a, args.seed + 1)

    def end(*_):
        print(json.dumps({'event': 'summary', 'aToB': there.summary(), 'bToA': back.summary()}), flush=True)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    print(json.dumps({'event': 'ready'}), flush=True)
    of = {a: there, b: back}
    poll = select.epoll()
    for tun in of:
        poll.register(tun, select.EPOLLIN)
    travelling, order = [], 0
    while True:
        wait = 1.0 if not travelling else max(0.0, travelling[0][0] - time.monotonic())
        for tun, _ in poll.poll(wait):
            direction = of[tun]
            for _ in range(64):
                try:
                    packet = os.read(tun, 2048)
                except BlockingIOError:
                    break
                order += 1
                direction.take(packet, time.monotonic(), travelling, order)
        now = time.monotonic()
        while travelling and travelling[0][0] <= now:
            _, _, target, packet = heapq.heappop(travelling)
            try:
                os.write(target, packet)
            except (BlockingIOError, OSError):
                pass
        if os.getppid() == 1:
            end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--a', required=True)
    parser.add_argument('--b', required=True)
    parser.add_argument('--prefix', default='10.99.0')
    parser.add_argument('--delay', type=float, default=50)
    parser.add_argument('--rate', type=float, default=50, help='Mbit/s; 0 is no limit')
    parser.add_argument('--queue-ms', type=float, default=500)
    parser.add_argument('--loss', type=float, default=0)
    parser.add_argument('--late', type=float, default=0)
    parser.add_argument('--late-by', type=float, default=10)
    parser.add_argument('--seed', type=int, default=1)
    carry(parser.parse_args())


if __name__ == '__main__':
    sys.exit(main())
