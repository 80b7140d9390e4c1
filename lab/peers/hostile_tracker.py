#!/usr/bin/python3
"""HTTP trackers that mean harm, and a trap that tells who walked in.

    hostile_tracker.py MODE --bind IP --port N [--to URL] [--seconds S]

Modes: endless   answers an announce with a body that never ends
       deep      answers with one megabyte of 'l' (nesting)
       redirect  answers with a redirect to --to
       loop      redirects to itself for ever
       trap      answers everything with an empty peer list and reports who asked for what
Prints JSON lines: "ready", "asked" (path, from) for every request, "sent" (bytes) when an endless answer was cut off.
"""
import argparse
import asyncio
import sys

from wire import say

PIECE = b'0' * 65536


class Server:
    def __init__(self, args):
        self.args = args
        self.asked = 0

    async def serve(self, reader, writer):
        try:
            head = await asyncio.wait_for(reader.readuntil(b'\r\n\r\n'), 10)
            self.asked += 1
            path = head.split(b' ')[1].decode('latin-1')
            say('asked', path=path[:200], **{'from': '%s:%d' % writer.get_extra_info('peername')[:2]})
            await getattr(self, self.args.mode)(writer)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError):
            pass
        finally:
            writer.close()

    async def answer(self, writer, body, status='200 OK', extra=''):
        writer.write(f'HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n{extra}Connection: close\r\n\r\n'.encode() + body)
        await writer.drain()

    async def endless(self, writer):
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nd8:intervali1800e5:peers99999999999:')
        sent, peer = 0, writer.get_extra_info('peername')
        try:
            while sent < 10 << 30:
                writer.write(PIECE)
                await asyncio.wait_for(writer.drain(), 60)
                sent += len(PIECE)
        finally:
            say('sent', bytes=sent, **{'from': '%s:%d' % peer[:2]})

    async def deep(self, writer):
        await self.answer(writer, b'l' * (1 << 20))

    async def redirect(self, writer):
        await self.answer(writer, b'', '302 Found', f'Location: {self.args.to}\r\n')

    async def loop(self, writer):
        await self.answer(writer, b'', '302 Found', f'Location: http://{self.args.bind}:{self.args.port}/announce?round={self.asked}\r\n')

    async def trap(self, writer):
        await self.answer(writer, b'd8:intervali1800e5:peers0:e')


async def run(args):
    server = Server(args)
    listening = await asyncio.start_server(server.serve, args.bind, args.port)
    say('ready', address=f'{args.bind}:{args.port}')
    try:
        await asyncio.wait_for(listening.serve_forever(), args.seconds)
    except asyncio.TimeoutError:
        pass
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('mode', choices=('endless', 'deep', 'redirect', 'loop', 'trap'))
    parser.add_argument('--bind', required=True)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--to', default='http://127.0.0.1:9999/admin?do=harm')
    parser.add_argument('--seconds', type=float, default=300)
    return asyncio.run(run(parser.parse_args()))


if __name__ == '__main__':
    sys.exit(main())
