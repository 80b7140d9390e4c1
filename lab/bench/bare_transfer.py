#!/usr/bin/python3
"""The limit of a transfer on this machine: TCP, hashing and writing, and nothing of a BitTorrent engine.

usage: bare_transfer.py seed FILE IP PORT
       bare_transfer.py leech FILE IP SEED_IP SEED_PORT BYTES v1|v2|hybrid

The bytes on the wire are those of a peer that asks for 16 KiB blocks in order, 512 ahead: a request of 17 bytes each, an answer
with a header of 13. The seed reads 16 blocks with one call and sends them with another. The leecher receives whole pieces of 1 MiB
and lets two threads hash and write them, one vectored call a piece. Large calls leave Python's lock alone, so its share is small.
"""
import hashlib
import os
import queue
import socket
import struct
import sys
import threading

BLOCK, HEADER, REQUEST, BLOCKS_A_PIECE, BLOCKS_A_SEND, AHEAD = 16384, 13, 17, 64, 16, 512


def read_exactly(connection, view):
    while view:
        received = connection.recv_into(view)
        if not received:
            raise SystemExit('the other side ended')
        view = view[received:]


def seed(path, ip, port):
    listener = socket.create_server((ip, port), reuse_port=True)
    file = os.open(path, os.O_RDONLY)
    answer = memoryview(bytearray(BLOCKS_A_SEND * (HEADER + BLOCK)))
    parts = [answer[i * (HEADER + BLOCK) + HEADER:(i + 1) * (HEADER + BLOCK)] for i in range(BLOCKS_A_SEND)]
    requests = memoryview(bytearray(REQUEST * BLOCKS_A_SEND))
    while True:
        connection, _ = listener.accept()
        try:
            while True:
                read_exactly(connection, requests)
                for i in range(BLOCKS_A_SEND):
                    _, _, piece, begin, _ = struct.unpack_from('>IBIII', requests, i * REQUEST)
                    struct.pack_into('>IBII', answer, i * (HEADER + BLOCK), 9 + BLOCK, 7, piece, begin)
                    if i == 0:
                        offset = piece * BLOCKS_A_PIECE * BLOCK + begin
                os.preadv(file, parts, offset)
                connection.sendall(answer)
        except (SystemExit, OSError):
            connection.close()


def leech(path, ip, seed_ip, seed_port, size, kind):
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    os.ftruncate(file, size)
    free, full = queue.Queue(), queue.Queue()
    for _ in range(16):
        free.put(memoryview(bytearray(BLOCKS_A_PIECE * (HEADER + BLOCK))))

    def work():
        while True:
            piece, buffer = full.get()
            if buffer is None:
                return
            blocks = [buffer[i * (HEADER + BLOCK) + HEADER:(i + 1) * (HEADER + BLOCK)] for i in range(BLOCKS_A_PIECE)]
            if kind != 'v2':
                whole = hashlib.sha1()
                for block in blocks:
                    whole.update(block)
                whole.digest()
            if kind != 'v1':
                for block in blocks:
                    hashlib.sha256(block).digest()
            os.pwritev(file, blocks, piece * BLOCKS_A_PIECE * BLOCK)
            free.put(buffer)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for worker in workers:
        worker.start()
    connection = socket.create_connection((seed_ip, seed_port), source_address=(ip, 0))
    blocks = size // BLOCK
    ask = lambda first, end: connection.sendall(b''.join(
        struct.pack('>IBIII', 13, 6, i // BLOCKS_A_PIECE, i % BLOCKS_A_PIECE * BLOCK, BLOCK) for i in range(first, min(end, blocks))))
    ask(0, AHEAD)
    for piece in range(blocks // BLOCKS_A_PIECE):
        buffer = free.get()
        read_exactly(connection, buffer)
        ask(AHEAD + piece * BLOCKS_A_PIECE, AHEAD + (piece + 1) * BLOCKS_A_PIECE)
        full.put((piece, buffer))
    for _ in workers:
        full.put((0, None))
    for worker in workers:
        worker.join()


if sys.argv[1] == 'seed':
    seed(sys.argv[2], sys.argv[3], int(sys.argv[4]))
else:
    leech(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]), sys.argv[7])
