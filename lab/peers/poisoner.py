#!/usr/bin/python3
"""A seeder that serves wrong bytes for some blocks, and is otherwise a friendly, fast peer.

    poisoner.py --torrent FILE --data FILE --bind IP --port N [--every N] [--connect IP:PORT]...

Every N-th block it serves has its first byte changed (default 1: all). One-file torrents of any format.
Prints JSON lines: "ready", "peer" (address), "served" (blocks, wrong) and "refused" when a peer hangs up or will not have us.
"""
import argparse
import asyncio
import struct
import sys

from wire import BITFIELD, GONE, INTERESTED, PIECE, REQUEST, UNCHOKE, Torrent, endpoint, handshake, message, messages, read_handshake, say


class Poisoner:
    def __init__(self, args):
        self.args = args
        self.torrent = Torrent(args.torrent)
        self.file = open(args.data, 'rb')
        self.blocks = self.wrong = 0

    def block(self, index, begin, length):
        start = index * self.torrent.piece_length + begin
        if length > 1 << 17 or start + length > self.torrent.length:
            raise ValueError('a bad request')
        self.file.seek(start)
        content = bytearray(self.file.read(length))
        self.blocks += 1
        if self.blocks % self.args.every == 0:
            self.wrong += 1
            content[0] ^= 0xff
        if self.blocks & (self.blocks - 1) == 0:
            say('served', blocks=self.blocks, wrong=self.wrong)
        return bytes(content)

    async def serve(self, reader, writer):
        address = '%s:%d' % writer.get_extra_info('peername')[:2]
        try:
            writer.write(handshake(self.torrent.swarm, b'-PO0001-poisonerxxxx'))
            await read_handshake(reader, self.torrent.swarm)
            say('peer', address=address)
            writer.write(message(BITFIELD, self.torrent.full_bitfield()))
            async for kind, body in messages(reader):
                if kind == INTERESTED:
                    writer.write(message(UNCHOKE))
                elif kind == REQUEST:
                    index, begin, length = struct.unpack('>III', body)
                    writer.write(message(PIECE, body[:8] + self.block(index, begin, length)))
                await writer.drain()
        except GONE:
            say('refused', address=address, blocks=self.blocks, wrong=self.wrong)
        finally:
            writer.close()

    async def dial(self, peer):
        while True:
            try:
                reader, writer = await asyncio.open_connection(*endpoint(peer), local_addr=(self.args.bind, 0))
                await self.serve(reader, writer)
            except GONE:
                pass
            await asyncio.sleep(1)


async def run(args):
    poisoner = Poisoner(args)
    server = await asyncio.start_server(poisoner.serve, args.bind, args.port)
    dialling = [asyncio.create_task(poisoner.dial(peer)) for peer in args.connect]
    say('ready', address=f'{args.bind}:{args.port}', pieces=poisoner.torrent.pieces)
    try:
        await asyncio.wait_for(server.serve_forever(), args.timeout)
    except asyncio.TimeoutError:
        pass
    finally:
        for task in dialling:
            task.cancel()
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--torrent', required=True)
    parser.add_argument('--data', required=True)
    parser.add_argument('--bind', required=True)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--every', type=int, default=1)
    parser.add_argument('--connect', action='append', default=[])
    parser.add_argument('--timeout', type=float, default=300)
    return asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    sys.exit(main())
