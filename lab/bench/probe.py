#!/usr/bin/python3
"""Asks a client by handshakes whether it serves torrents: it answers one, and says that it has all pieces.

usage: probe.py until IP PORT HASHES SECONDS    asks for the first torrent, the last and one in the middle until all have been served;
                                                prints time.monotonic() of then
       probe.py count IP PORT HASHES SECONDS    asks once for each of 500 of them, spread over all, 50 at a time, each from an address of its
                                                own (10.96.0.1 to .50); prints how many were served
HASHES is a file with one info-hash in hexadecimal a line. Ends with 1 when the seconds are over before `until` has happened.
"""
import asyncio
import os
import sys
import time

BITFIELD, HAVE_ALL, MOST_MESSAGES = 5, 14, 8
AT_ONCE, ASKED = 50, 500


async def greeted(address, swarm, source):
    writer = None
    try:
        reader, writer = await asyncio.open_connection(*address, local_addr=(source, 0) if source else None)
        writer.write(b'\x13BitTorrent protocol' + bytes([0, 0, 0, 0, 0, 0, 0, 4]) + swarm + b'-BM0001-' + os.urandom(12))
        if (await reader.readexactly(68))[28:48] != swarm:
            return False
        for _ in range(MOST_MESSAGES):
            body = await reader.readexactly(min(int.from_bytes(await reader.readexactly(4), 'big'), 1 << 20))
            if body and body[0] == HAVE_ALL:
                return True
            if body and body[0] == BITFIELD:
                return is_full(body[1:])
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        if writer:
            writer.close()
    return False


def is_full(bits):
    """All bits set but for those behind the last piece, of which there are less than eight."""
    return bits[:-1] == b'\xff' * (len(bits) - 1) and bits[-1] in (0x80, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE, 0xFF)


async def serves(address, swarm, seconds, source=None):
    try:
        return await asyncio.wait_for(greeted(address, swarm, source), seconds)
    except asyncio.TimeoutError:
        return False


async def until(address, swarms, end):
    async def one(swarm):
        while time.monotonic() < end:
            if await serves(address, swarm, 5):
                return time.monotonic()
            await asyncio.sleep(0.03)
        return None
    times = await asyncio.gather(*(one(swarm) for swarm in {swarms[0], swarms[len(swarms) // 2], swarms[-1]}))
    if None in times:
        return 1
    print(max(times))
    return 0


async def count(address, swarms, end):
    sources = asyncio.Queue()
    for number in range(AT_ONCE):
        sources.put_nowait(f'10.96.0.{number + 1}')

    async def one(swarm):
        source = await sources.get()
        try:
            return end > time.monotonic() and await serves(address, swarm, min(60, end - time.monotonic()), source)
        finally:
            sources.put_nowait(source)
    print(sum(await asyncio.gather(*(one(swarm) for swarm in swarms[::max(1, len(swarms) // ASKED)]))))
    return 0


def main():
    mode, host, port, hashes, seconds = sys.argv[1:6]
    with open(hashes, encoding='ascii') as lines:
        swarms = [bytes.fromhex(line) for line in lines]
    return asyncio.run((until if mode == 'until' else count)((host, int(port)), swarms, time.monotonic() + float(seconds)))


sys.exit(main())
