#!/usr/bin/python3
"""libtorrent holding many complete torrents, with its own settings, until it is stopped.
usage: libtorrent_seeds.py TORRENTS DIR BIND PORT [DHT-HOST:PORT]      TORRENTS is a directory; without an entry the DHT is off
It takes the files for complete, as it does with what it remembers of an earlier run, and wakes for nothing of its own."""
import os
import signal
import sys

import libtorrent as lt

torrents, directory, bind, port = sys.argv[1:5]
entry = sys.argv[5] if len(sys.argv) > 5 else ''
session = lt.session({
    'listen_interfaces': f'{bind}:{port}', 'enable_dht': bool(entry), 'dht_bootstrap_nodes': entry, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'alert_mask': 0})
for name in sorted(os.listdir(torrents)):
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(os.path.join(torrents, name))
    parameters.save_path = directory
    parameters.flags |= lt.torrent_flags.seed_mode
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    session.async_add_torrent(parameters)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.pause()
