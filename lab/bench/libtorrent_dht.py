#!/usr/bin/python3
"""libtorrent's DHT node alone, with its limits lifted. usage: libtorrent_dht.py IP:PORT"""
import sys
import time

import libtorrent as lt

session = lt.session({
    'listen_interfaces': sys.argv[1], 'enable_dht': True, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'dht_bootstrap_nodes': '', 'dht_block_ratelimit': 100_000, 'dht_upload_rate_limit': 100_000_000, 'dht_max_torrents': 2000,
    'dht_restrict_routing_ips': False, 'recv_socket_buffer_size': 4 << 20, 'send_socket_buffer_size': 4 << 20, 'alert_mask': 0})
time.sleep(600)
