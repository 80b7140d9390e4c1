"""The smallest BitTorrent peer that still keeps BEP 3: bencoding, torrents of one file, handshakes and messages.

Shared by the small peers of this folder. Plain Python, no packages: none of Compeer's own code judges Compeer here.
"""
import asyncio
import hashlib
import json
import struct

CHOKE, UNCHOKE, INTERESTED, NOT_INTERESTED, HAVE, BITFIELD, REQUEST, PIECE, CANCEL = range(9)
BLOCK = 16384
MAX_MESSAGE = 4 << 20


def say(event, **values):
    print(json.dumps({'event': event, **values}), flush=True)


def decode(data, at=0):
    """One bencoded value and the offset behind it."""
    first = data[at:at + 1]
    if first == b'i':
        end = data.index(b'e', at)
        return int(data[at + 1:end]), end + 1
    if first == b'l':
        values, at = [], at + 1
        while data[at:at + 1] != b'e':
            value, at = decode(data, at)
            values.append(value)
        return values, at + 1
    if first == b'd':
        values, at = {}, at + 1
        while data[at:at + 1] != b'e':
            key, at = decode(data, at)
            values[key], at = decode(data, at)
        return values, at + 1
    colon = data.index(b':', at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1:end], end


def raw_info(data):
    """The exact bytes of the info dictionary."""
    at = 1
    while data[at:at + 1] != b'e':
        key, start = decode(data, at)
        _, at = decode(data, start)
        if key == b'info':
            return data[start:at]
    raise ValueError('no info dictionary')


class Torrent:
    """Geometry and hashes of a torrent; piece hashes are there for v1 and hybrid only."""

    def __init__(self, path):
        with open(path, 'rb') as file:
            data = file.read()
        raw = raw_info(data)
        info = decode(raw)[0]
        self.piece_length = info[b'piece length']
        self.name = info[b'name'].decode()
        hashes = info.get(b'pieces')
        self.hashes = [hashes[i:i + 20] for i in range(0, len(hashes), 20)] if hashes else None
        self.swarm = hashlib.sha1(raw).digest() if hashes else hashlib.sha256(raw).digest()[:20]
        if b'length' in info:
            self.length = info[b'length']
        elif b'files' in info:
            self.length = sum(file[b'length'] for file in info[b'files'])
        else:
            entries = list(info[b'file tree'].values())
            if len(entries) != 1 or b'' not in entries[0]:
                raise ValueError('a v2 torrent must have one file here')
            self.length = entries[0][b''][b'length']
        self.pieces = -(-self.length // self.piece_length)

    def size_of(self, piece):
        return min(self.piece_length, self.length - piece * self.piece_length)

    def full_bitfield(self):
        bits = bytearray(b'\xff' * (self.pieces // 8))
        if self.pieces % 8:
            bits.append(0xff << (8 - self.pieces % 8) & 0xff)
        return bytes(bits)


def handshake(swarm, peer_id):
    return b'\x13BitTorrent protocol' + bytes(8) + swarm + peer_id


def message(kind, body=b''):
    return struct.pack('>IB', 1 + len(body), kind) + body


async def read_handshake(reader, swarm):
    data = await reader.readexactly(68)
    if data[:20] != b'\x13BitTorrent protocol' or data[28:48] != swarm:
        raise ValueError('not this swarm')
    return data[48:]


async def messages(reader):
    """Every message as (kind, body); keep-alives are swallowed."""
    while True:
        length = struct.unpack('>I', await reader.readexactly(4))[0]
        if length > MAX_MESSAGE:
            raise ValueError('a message too long')
        if length:
            data = await reader.readexactly(length)
            yield data[0], data[1:]


def endpoint(text):
    host, _, port = text.rpartition(':')
    return host, int(port)


GONE = (ConnectionError, asyncio.IncompleteReadError, ValueError, OSError)
