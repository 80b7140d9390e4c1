#!/usr/bin/python3
"""A plain HTTP tracker for benchmarks: who announces is told of everybody else at once, and to come back after INTERVAL seconds.

usage: tracker.py IP PORT INTERVAL COUNTS
Each announce adds to a count of its address; the counts go as JSON into the file COUNTS once a second when they have changed.
"""
import asyncio
import json
import os
import socket
import sys
import urllib.parse

MOST_PEERS = 50


class Tracker:
    def __init__(self, interval, counts):
        self.interval, self.path = interval, counts
        self.swarms, self.counts, self.written = {}, {}, None

    async def serve(self, reader, writer):
        try:
            request = (await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), 30)).split(b' ', 2)[1].decode('latin-1')
            body = self.answer(request, writer.get_extra_info('peername')[0])
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))
            await writer.drain()
        except (OSError, ValueError, KeyError, IndexError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass
        finally:
            writer.close()

    def answer(self, request, address):
        query = dict(pair.split('=', 1) for pair in request.split('?', 1)[1].split('&') if '=' in pair)
        swarm = self.swarms.setdefault(urllib.parse.unquote_to_bytes(query['info_hash']), {})
        peer = socket.inet_aton(address) + int(query['port']).to_bytes(2, 'big')
        self.counts[address] = self.counts.get(address, 0) + 1
        others = b''.join([other for other in swarm if other != peer][:MOST_PEERS])
        if query.get('event') == 'stopped':
            swarm.pop(peer, None)
        else:
            swarm[peer] = True
        return b'd8:completei%de10:incompletei0e8:intervali%de12:min intervali%de5:peers%d:%se' % (len(swarm), self.interval, self.interval, len(others), others)

    async def tell(self):
        while True:
            await asyncio.sleep(1)
            if self.counts != self.written:
                self.written = dict(self.counts)
                with open(f'{self.path}.new', 'w', encoding='ascii') as out:
                    json.dump(self.written, out)
                os.replace(f'{self.path}.new', self.path)


async def main():
    address, port, interval, counts = sys.argv[1:5]
    tracker = Tracker(int(interval), counts)
    server = await asyncio.start_server(tracker.serve, address, int(port), backlog=4096)
    async with server:
        await tracker.tell()


asyncio.run(main())
