#!/usr/bin/python3
"""A STUN server whose answers must not be believed.

    hostile_stun.py MODE --bind IP --port N --claim IP [--seconds S]

Modes: other-port  the right answer from another port than the one that was asked
       wrong-id    an answer with another transaction id
Each says that the asker is at --claim, port 6666. Prints JSON lines: "ready", and "lied" for each answer.
"""
import argparse
import socket
import struct
import time

from wire import say

COOKIE = 0x2112A442


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('mode', choices=['other-port', 'wrong-id'])
    parser.add_argument('--bind', required=True)
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--claim', required=True)
    parser.add_argument('--seconds', type=float, default=120)
    args = parser.parse_args()
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.bind((args.bind, args.port))
    aside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    aside.bind((args.bind, args.port + 1))
    end = time.monotonic() + args.seconds
    say('ready')
    while (left := end - time.monotonic()) > 0:
        asked.settimeout(left)
        try:
            request, sender = asked.recvfrom(2048)
        except socket.timeout:
            break
        if len(request) < 20 or struct.unpack('>HxxI', request[:8]) != (1, COOKIE):
            continue
        number = request[8:20] if args.mode == 'other-port' else bytes(12)
        claim = struct.unpack('>I', socket.inet_aton(args.claim))[0]
        body = struct.pack('>HHBBHI', 0x20, 8, 0, 1, 6666 ^ (COOKIE >> 16), claim ^ COOKIE)
        (aside if args.mode == 'other-port' else asked).sendto(struct.pack('>HHI', 0x101, len(body), COOKIE) + number + body, sender)
        say('lied', to='%s:%d' % sender)


main()
