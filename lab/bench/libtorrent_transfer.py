#!/usr/bin/python3
"""libtorrent as one end of a transfer, tuned for speed: large queues and buffers, plain or with RC4.
usage: libtorrent_transfer.py seed|leech TORRENT DIR BIND PORT forbid|require [PEER]...
TORRENT may be a directory of torrents. TRANSPORT=utp in the environment: uTP alone instead of TCP alone."""
import os
import sys
import time

import libtorrent as lt

mode, torrent, directory, bind, port, encryption = sys.argv[1:7]
policy = {'forbid': 2, 'require': 0}[encryption]
utp = os.environ.get('TRANSPORT') == 'utp'
session = lt.session({
    'listen_interfaces': f'{bind}:{port}', 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'enable_outgoing_utp': utp, 'enable_incoming_utp': utp, 'enable_outgoing_tcp': not utp, 'enable_incoming_tcp': not utp,
    'out_enc_policy': policy, 'in_enc_policy': policy,
    'allowed_enc_level': 2, 'unchoke_slots_limit': 50,
    # uTP loses much with the system's small buffers; TCP grows its own.
    **({'recv_socket_buffer_size': 4 << 20, 'send_socket_buffer_size': 4 << 20} if utp else {}),
    'max_out_request_queue': 1500, 'send_buffer_watermark': 3 << 20, 'alert_mask': 0})
torrents = sorted(os.path.join(torrent, name) for name in os.listdir(torrent)) if os.path.isdir(torrent) else [torrent]
handles = []
for path in torrents:
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(path)
    parameters.save_path = directory
    if mode == 'seed':
        parameters.flags |= lt.torrent_flags.seed_mode
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    handles.append(session.add_torrent(parameters))
for peer in sys.argv[7:]:
    host, peer_port = peer.split(':')
    for handle in handles:
        handle.connect_peer((host, int(peer_port)))
for _ in range(30000):
    if mode == 'leech' and all(handle.status().is_seeding for handle in handles):
        break
    time.sleep(0.02)
