#!/usr/bin/python3
"""One UDP port that shows what a NAT does: asks others how they see it, and tells those who ask.

    udp_probe.py --bind IP --port N [--ask IP:PORT]...

Asks each address five times a second for ten seconds. Prints one JSON object a line: "ready", "heard" (a question came:
from), "seen" (an answer came: by, as). Runs until it is stopped.
"""
import argparse
import json
import select
import signal
import socket
import sys
import time


def say(event, **values):
    print(json.dumps({'event': event, **values}), flush=True)


def text(endpoint):
    return f'{endpoint[0]}:{endpoint[1]}'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bind', required=True)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--ask', action='append', default=[])
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind((args.bind, args.port))
    targets = [(host, int(number)) for host, _, number in (ask.rpartition(':') for ask in args.ask)]
    say('ready')
    last, next_ask = time.monotonic() + 10, 0.0
    while True:
        now = time.monotonic()
        if targets and next_ask <= now < last:
            next_ask = now + 0.2
            for target in targets:
                port.sendto(b'ask', target)
        if not select.select([port], [], [], 0.1)[0]:
            continue
        data, sender = port.recvfrom(100)
        if data == b'ask':
            say('heard', **{'from': text(sender)})
            port.sendto(b'you are ' + text(sender).encode(), sender)
        elif data.startswith(b'you are '):
            say('seen', by=text(sender), **{'as': data[8:].decode('ascii', 'replace')})


if __name__ == '__main__':
    main()
