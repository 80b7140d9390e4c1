#!/usr/bin/python3
"""Watches a swarm from inside: holds a connection to each peer given, asks for nothing, and counts who announces which piece.

    observer.py --torrent FILE --bind IP --peer IP:PORT... [--timeout SECONDS]

Prints JSON lines: "ready", "progress" (distinct pieces held by the watched peers together) and "copy-out" once they hold all pieces.
"""
import argparse
import asyncio
import struct
import sys

from wire import BITFIELD, GONE, HAVE, Torrent, endpoint, handshake, messages, read_handshake, say


async def watch(args, torrent, name, held, complete):
    while not complete.is_set():
        try:
            reader, writer = await asyncio.open_connection(*endpoint(name), local_addr=(args.bind, 0))
            try:
                writer.write(handshake(torrent.swarm, b'-OB0001-observerxxxx'))
                await read_handshake(reader, torrent.swarm)
                async for kind, body in messages(reader):
                    if kind == BITFIELD:
                        held.update(i for i in range(torrent.pieces) if body[i // 8] >> (7 - i % 8) & 1)
                    elif kind == HAVE:
                        held.add(struct.unpack('>I', body)[0])
                    if len(held) == torrent.pieces:
                        complete.set()
                        return
            finally:
                writer.close()
        except GONE:
            await asyncio.sleep(0.2)


async def run(args):
    torrent, held, complete = Torrent(args.torrent), set(), asyncio.Event()
    tasks = [asyncio.create_task(watch(args, torrent, peer, held, complete)) for peer in args.peer]
    say('ready', pieces=torrent.pieces)
    end = asyncio.get_running_loop().time() + args.timeout
    while not complete.is_set() and asyncio.get_running_loop().time() < end:
        try:
            await asyncio.wait_for(complete.wait(), 0.5)
        except asyncio.TimeoutError:
            say('progress', pieces=len(held))
    for task in tasks:
        task.cancel()
    if not complete.is_set():
        say('error', message=f'only {len(held)} of {torrent.pieces} pieces are out after {args.timeout} s')
        return 1
    say('copy-out', pieces=torrent.pieces)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--torrent', required=True)
    parser.add_argument('--bind', required=True)
    parser.add_argument('--peer', action='append', required=True)
    parser.add_argument('--timeout', type=float, default=120)
    return asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    sys.exit(main())
