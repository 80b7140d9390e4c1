#!/usr/bin/python3
"""libtorrent as one end of a transfer, tuned for speed: large queues and buffers, TCP plain or with RC4.
usage: libtorrent_transfer.py seed|leech TORRENT DIR BIND PORT forbid|require [PEER]"""
import sys
import time

import libtorrent as lt

mode, torrent, directory, bind, port, encryption = sys.argv[1:7]
policy = {'forbid': 2, 'require': 0}[encryption]
session = lt.session({
    'listen_interfaces': f'{bind}:{port}', 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'enable_outgoing_utp': False, 'enable_incoming_utp': False, 'out_enc_policy': policy, 'in_enc_policy': policy,
    'allowed_enc_level': 2, 'unchoke_slots_limit': 50,
    'max_out_request_queue': 1500, 'send_buffer_watermark': 3 << 20, 'alert_mask': 0})
parameters = lt.add_torrent_params()
parameters.ti = lt.torrent_info(torrent)
parameters.save_path = directory
if mode == 'seed':
    parameters.flags |= lt.torrent_flags.seed_mode
parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
handle = session.add_torrent(parameters)
if mode == 'leech':
    host, peer_port = sys.argv[7].split(':')
    handle.connect_peer((host, int(peer_port)))
for _ in range(30000):
    if mode == 'leech' and handle.status().is_seeding:
        break
    time.sleep(0.02)
