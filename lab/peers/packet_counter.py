#!/usr/bin/python3
"""Counts what reaches this machine, without answering: attempts to connect, and announcements of local discovery (BEP 14).

    packet_counter.py [--device NAME]

Prints JSON lines: "ready", then "counted" (syn: TCP SYNs to this machine, lsd: datagrams to the groups, from: their senders)
each time a count changes, and twice a second. Needs root: it reads from the device itself.
"""
import argparse
import select
import socket
import struct
import time

from wire import say

LSD_PORT, SYN, ACK = 6771, 0x02, 0x10


class Counter:
    def __init__(self):
        self.syn = self.lsd = 0
        self.senders = set()

    def take(self, frame):
        """True when it counts."""
        kind = struct.unpack_from('>H', frame, 12)[0]
        if kind == 0x0800:
            return self.transport(frame[23], frame[14 + (frame[14] & 15) * 4:], socket.inet_ntoa(frame[26:30]))
        if kind == 0x86dd:
            return self.transport(frame[20], frame[54:], socket.inet_ntop(socket.AF_INET6, frame[22:38]))
        return False

    def transport(self, protocol, segment, sender):
        if protocol == 6 and len(segment) >= 14 and segment[13] & (SYN | ACK) == SYN:
            self.syn += 1
            return True
        if protocol == 17 and len(segment) >= 8 and struct.unpack_from('>H', segment, 2)[0] == LSD_PORT and b'BT-SEARCH' in segment:
            self.lsd += 1
            self.senders.add(sender)
            return True
        return False

    def tell(self):
        say('counted', syn=self.syn, lsd=self.lsd, senders=sorted(self.senders))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='e0')
    args = parser.parse_args()
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    raw.bind((args.device, 0))
    # Multicast of groups that nobody here has joined counts too.
    index = socket.if_nametoindex(args.device)
    raw.setsockopt(263, 1, struct.pack('iHH8s', index, 1, 0, bytes(8)))
    raw.setblocking(False)
    counter, told = Counter(), 0.0
    say('ready')
    while True:
        select.select([raw], [], [], 0.5)
        changed = False
        try:
            while True:
                frame, address = raw.recvfrom(65536)
                changed |= address[2] != socket.PACKET_OUTGOING and len(frame) >= 34 and counter.take(frame)
        except (BlockingIOError, struct.error, IndexError):
            pass
        if changed or time.monotonic() - told > 0.5:
            told = time.monotonic()
            counter.tell()


if __name__ == '__main__':
    main()
