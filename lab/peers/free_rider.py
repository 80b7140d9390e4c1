#!/usr/bin/python3
"""A leecher that keeps the protocol and never uploads: it chokes everybody, for ever.

    free_rider.py --torrent FILE --out FILE --bind IP --peer IP:PORT... [--timeout SECONDS]

It asks whoever unchokes it, checks every piece, and ends with 0 when the content is complete (v1 or hybrid torrents).
Prints JSON lines: "ready", "progress" (percent, bytes), "complete" (seconds, bytes by peer), "error".
"""
import argparse
import asyncio
import hashlib
import struct
import sys
import time

from wire import (BITFIELD, BLOCK, CHOKE, GONE, HAVE, INTERESTED, PIECE, REQUEST, UNCHOKE, Torrent, endpoint, handshake, message, messages,
                  read_handshake, say)

WINDOW = 32


class Rider:
    def __init__(self, args):
        self.args = args
        self.torrent = Torrent(args.torrent)
        self.data = bytearray(self.torrent.length)
        self.have = set()
        self.taken = set()
        self.by_peer = {}
        self.done = asyncio.Event()

    def next_piece(self, theirs):
        """A piece this peer has that nobody is fetching; near the end, one that somebody fetches too slowly."""
        for piece in theirs:
            if piece not in self.have and piece not in self.taken:
                return piece
        return next((piece for piece in theirs if piece not in self.have), None)

    def finish(self, piece, content, name):
        if piece in self.have:
            return
        if hashlib.sha1(content).digest() != self.torrent.hashes[piece]:
            say('error', message=f'{name} sent a wrong piece {piece}')
            return
        start = piece * self.torrent.piece_length
        self.data[start:start + len(content)] = content
        self.have.add(piece)
        if len(self.have) == self.torrent.pieces:
            self.done.set()

    async def visit(self, name):
        while not self.done.is_set():
            try:
                reader, writer = await asyncio.open_connection(*endpoint(name), local_addr=(self.args.bind, 0))
                try:
                    await self.talk(name, reader, writer)
                finally:
                    writer.close()
            except GONE:
                await asyncio.sleep(1)

    async def talk(self, name, reader, writer):
        writer.write(handshake(self.torrent.swarm, self.args.id) + message(INTERESTED))
        await read_handshake(reader, self.torrent.swarm)
        connection = Connection(self, name, writer)
        try:
            async for kind, body in messages(reader):
                connection.receive(kind, body)
                await writer.drain()
                if self.done.is_set():
                    return
        finally:
            connection.drop()


class Connection:
    def __init__(self, rider, name, writer):
        self.rider, self.name, self.writer = rider, name, writer
        self.theirs, self.choked, self.piece = set(), True, None

    def receive(self, kind, body):
        if kind == BITFIELD:
            self.theirs = {i for i in range(self.rider.torrent.pieces) if body[i // 8] >> (7 - i % 8) & 1}
        elif kind == HAVE:
            self.theirs.add(struct.unpack('>I', body)[0])
        elif kind == CHOKE:
            self.choked = True
            self.drop()
        elif kind == UNCHOKE:
            self.choked = False
        elif kind == PIECE:
            self.store(body)
        self.ask()

    def store(self, body):
        index, begin = struct.unpack('>II', body[:8])
        if index != self.piece:
            return
        block = body[8:]
        self.content[begin:begin + len(block)] = block
        self.pending.discard(begin)
        self.rider.by_peer[self.name] = self.rider.by_peer.get(self.name, 0) + len(block)
        if not self.pending and not self.unsent:
            self.rider.finish(index, bytes(self.content), self.name)
            self.drop()

    def ask(self):
        if self.choked:
            return
        if self.piece is None:
            self.piece = self.rider.next_piece(self.theirs)
            if self.piece is None:
                return
            self.rider.taken.add(self.piece)
            size = self.rider.torrent.size_of(self.piece)
            self.content, self.pending, self.unsent = bytearray(size), set(), list(range(0, size, BLOCK))[::-1]
        while self.unsent and len(self.pending) < WINDOW:
            begin = self.unsent.pop()
            self.pending.add(begin)
            length = min(BLOCK, len(self.content) - begin)
            self.writer.write(message(REQUEST, struct.pack('>III', self.piece, begin, length)))

    def drop(self):
        self.rider.taken.discard(self.piece)
        self.piece = None


async def report(rider):
    while not rider.done.is_set():
        say('progress', percent=round(100 * len(rider.have) / rider.torrent.pieces, 2), bytes=sum(rider.by_peer.values()))
        await asyncio.sleep(0.5)


async def run(args):
    rider = Rider(args)
    start = time.monotonic()
    tasks = [asyncio.create_task(rider.visit(peer)) for peer in args.peer] + [asyncio.create_task(report(rider))]
    say('ready', pieces=rider.torrent.pieces)
    try:
        await asyncio.wait_for(rider.done.wait(), args.timeout)
    except asyncio.TimeoutError:
        say('error', message=f'{len(rider.have)} of {rider.torrent.pieces} pieces after {args.timeout} s')
        return 1
    finally:
        for task in tasks:
            task.cancel()
    with open(args.out, 'wb') as file:
        file.write(rider.data)
    say('complete', seconds=round(time.monotonic() - start, 2), bytes=rider.torrent.length, byPeer=rider.by_peer)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--torrent', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('--bind', required=True)
    parser.add_argument('--peer', action='append', required=True)
    parser.add_argument('--timeout', type=float, default=300)
    args = parser.parse_args()
    args.id = b'-FR0001-freeriderxxx'
    return asyncio.run(run(args))


if __name__ == '__main__':
    sys.exit(main())
