#!/usr/bin/python3
"""Writes the torrents of this folder with libtorrent (python3-libtorrent 2.0.8), and expected.txt with their hashes.

Content is a function of path and position, so that tests make the same bytes: the SHA-256 digests of
"PATH:0", "PATH:1", ... one after the other, cut at the file's length.

libtorrent takes files for v1 in the order they are added (here: the order of the v2 tree, which Compeer always uses; a
scan of a folder would give the order of the file system). With canonical_files it pads v1 too. For hybrids it sorts and
pads by itself, behind the last file also unless there is only one.
"""
import hashlib
import os
import sys
import tempfile

import libtorrent as lt

HERE = os.path.dirname(os.path.abspath(__file__))
PIECE = 32768
FOLDER = [
    ("C", 7),
    ("a b/\u00fcn\u00ef.txt", 5),
    ("b/deep/er/multi.bin", 150000),
    ("b/empty", 0),
    ("b/one", 1),
    ("b.txt", 3),
    ("exact.bin", PIECE),
    ("two.bin", 2 * PIECE),
    ("zero", 0),
    ("\u96ea/\U0001f30d.bin", 20000),
]


def content(path, length):
    out = b""
    i = 0
    while len(out) < length:
        out += hashlib.sha256(("%s:%d" % (path, i)).encode()).digest()
        i += 1
    return out[:length]


def make(base, name, files, output, flags, piece=PIECE, private=False, trackers=()):
    storage = lt.file_storage()
    for path, length in files:
        full = os.path.join(base, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(content(path, length))
        storage.add_file(path, length)
    torrent = lt.create_torrent(storage, piece, flags=flags)
    torrent.set_creator("libtorrent " + lt.__version__)
    torrent.set_priv(private)
    for tier, url in trackers:
        torrent.add_tracker(url, tier)
    lt.set_piece_hashes(torrent, base)
    entry = torrent.generate()
    entry.pop(b"creation date", None)
    data = lt.bencode(entry)
    with open(os.path.join(HERE, output), "wb") as f:
        f.write(data)
    info = lt.bencode(entry[b"info"])
    v1 = hashlib.sha1(info).hexdigest() if b"pieces" in entry[b"info"] else "-"
    v2 = hashlib.sha256(info).hexdigest() if b"meta version" in entry[b"info"] else "-"
    hashes = lt.torrent_info(data).info_hashes()
    assert v1 == "-" or str(hashes.v1) == v1
    assert v2 == "-" or str(hashes.v2) == v2
    return "%s %s %s\n" % (output, v1, v2)


def main():
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}
    lines = []
    with tempfile.TemporaryDirectory() as base:
        nested = [("nested/" + path, length) for path, length in FOLDER]
        for name, flag in flags.items():
            lines.append(make(base, "nested", nested, "folder-%s.torrent" % name, flag))
            lines.append(make(base, "single.bin", [("single.bin", 100001)], "single-%s.torrent" % name, flag, 16384))
            lines.append(make(base, "small.txt", [("small.txt", 9)], "small-%s.torrent" % name, flag, 16384))
        lines.append(make(base, "nested", nested, "folder-v1-padded.torrent", lt.create_torrent.v1_only | lt.create_torrent.canonical_files))
        lines.append(make(base, "alone", [("alone/only.bin", 40000)], "alone-hybrid.torrent", 0))
        lines.append(make(base, "alone", [("alone/only.bin", 40000)], "alone-v2.torrent", lt.create_torrent.v2_only))
        lines.append(make(base, "single.bin", [("single.bin", 100001)], "private-hybrid.torrent", 0, 16384, True, [(0, "http://a.example/announce"), (0, "udp://b.example:6969"), (1, "https://c.example/x")]))
    with open(os.path.join(HERE, "expected.txt"), "w") as f:
        f.write("# torrent, SHA-1 and SHA-256 of its info dictionary, made by generate.py with libtorrent %s\n" % lt.__version__)
        f.writelines(lines)


if __name__ == "__main__":
    sys.exit(main())
