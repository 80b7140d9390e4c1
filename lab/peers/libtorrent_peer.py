#!/usr/bin/python3
"""libtorrent as a foreign peer: seeds, leeches, leeches from a magnet link, makes or explains a torrent.

    libtorrent_peer.py create --source PATH --out FILE [--format v1|v2|hybrid] [--piece-size BYTES] [--pads] [--tracker URL]... [--web-seed URL]...
    libtorrent_peer.py info --torrent FILE
    libtorrent_peer.py seed|leech --torrent FILE --dir DIR --bind IP --port N [--connect IP:PORT]...
    libtorrent_peer.py magnet-leech --magnet LINK --dir DIR --bind IP --port N [--connect IP:PORT]...

Prints one JSON object a line: "torrent", "ready", "metadata", "progress" (percent, bytes, downRate, upRate, uploaded), "peers", "resumed", "complete", "error".
A leecher ends with 0 when it is complete unless --keep-seeding is given; a seed runs until it is stopped.
Needs Debian's python3-libtorrent (2.0).
"""
import argparse
import json
import os
import signal
import sys
import time

import libtorrent as lt

V2_ONLY, V1_ONLY, CANONICAL = 1 << 5, 1 << 6, 1 << 7
SOURCES = {1: 'tracker', 2: 'dht', 4: 'pex', 8: 'lsd', 16: 'resume', 32: 'incoming'}


def say(event, **values):
    print(json.dumps({'event': event, **values}), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('mode', choices=('create', 'info', 'seed', 'leech', 'magnet-leech'))
    parser.add_argument('--source')
    parser.add_argument('--out')
    parser.add_argument('--format', choices=('v1', 'v2', 'hybrid'), default='v1')
    parser.add_argument('--piece-size', type=int, default=0)
    parser.add_argument('--pads', action='store_true', help='align files to pieces in a v1 torrent (v2 and hybrid always do)')
    parser.add_argument('--tracker', action='append', default=[])
    parser.add_argument('--web-seed', action='append', default=[])
    parser.add_argument('--torrent')
    parser.add_argument('--magnet')
    parser.add_argument('--dir')
    parser.add_argument('--bind', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=6881)
    parser.add_argument('--connect', action='append', default=[])
    parser.add_argument('--limit-up', type=int, default=0, help='bytes per second')
    parser.add_argument('--limit-down', type=int, default=0, help='bytes per second')
    parser.add_argument('--encryption', choices=('disabled', 'enabled', 'forced'), default='disabled')
    parser.add_argument('--dht-entry', help='HOST:PORT of a node of the DHT; without it the DHT is off')
    parser.add_argument('--utp-only', action='store_true', help='TCP is switched off; otherwise uTP is')
    parser.add_argument('--encryption-level', choices=('plaintext', 'rc4', 'both'), default='both', help='what may follow an encrypted handshake')
    parser.add_argument('--prefer-rc4', action='store_true', help='of both choose RC4; libtorrent itself prefers plaintext')
    parser.add_argument('--dial-nobody', action='store_true', help='wait to be dialled')
    parser.add_argument('--keep-seeding', action='store_true')
    parser.add_argument('--no-pex', action='store_true', help='exchange no peers')
    parser.add_argument('--lsd', action='store_true', help='look for peers on the local network')
    parser.add_argument('--client', help='what it says that its program is called')
    parser.add_argument('--timeout', type=float, default=600)
    return parser.parse_args()


def create(args):
    files = lt.file_storage()
    source = os.path.abspath(args.source)
    lt.add_files(files, source)
    flags = {'v1': V1_ONLY, 'v2': V2_ONLY, 'hybrid': 0}[args.format]
    if args.pads and args.format == 'v1':
        flags |= CANONICAL
    torrent = lt.create_torrent(files, args.piece_size, flags=flags)
    for url in args.tracker:
        torrent.add_tracker(url)
    for url in args.web_seed:
        torrent.add_url_seed(url)
    lt.set_piece_hashes(torrent, os.path.dirname(source))
    with open(args.out, 'wb') as out:
        out.write(lt.bencode(torrent.generate()))
    describe(args.out)


def describe(path):
    info = lt.torrent_info(path)
    hashes = info.info_hashes()
    storage = info.files()
    say('torrent', torrent=path, name=info.name(), magnet=lt.make_magnet_uri(info), pieces=info.num_pieces(), pieceBytes=info.piece_length(),
        v1=str(hashes.v1) if hashes.has_v1() else None, v2=str(hashes.v2) if hashes.has_v2() else None,
        pads=[{'path': storage.file_path(i), 'bytes': storage.file_size(i)} for i in range(storage.num_files())
              if int(storage.file_flags(i)) & int(lt.file_storage.flag_pad_file)])


def session(args):
    policy = {'forced': 0, 'enabled': 1, 'disabled': 2}[args.encryption]
    level = {'plaintext': 1, 'rc4': 2, 'both': 3}[args.encryption_level]
    return lt.session({
        'listen_interfaces': address_of((args.bind, args.port)), 'user_agent': args.client or 'libtorrent/' + lt.__version__,
        'enable_dht': bool(args.dht_entry), 'dht_bootstrap_nodes': args.dht_entry or '', 'dht_restrict_routing_ips': False,
        'dht_restrict_search_ips': False, 'dht_ignore_dark_internet': False, 'dht_prefer_verified_node_ids': False,
        'enable_lsd': args.lsd, 'enable_upnp': False, 'enable_natpmp': False,
        'enable_outgoing_utp': args.utp_only and not args.dial_nobody, 'enable_incoming_utp': args.utp_only,
        'enable_outgoing_tcp': not args.utp_only and not args.dial_nobody, 'enable_incoming_tcp': not args.utp_only,
        'out_enc_policy': policy, 'in_enc_policy': policy,
        'allowed_enc_level': level, 'prefer_rc4': args.prefer_rc4,
        'allow_multiple_connections_per_ip': True, 'upload_rate_limit': args.limit_up, 'download_rate_limit': args.limit_down,
        'unchoke_slots_limit': 50, 'max_out_request_queue': 1500, 'send_buffer_watermark': 3 << 20,
        'min_reconnect_time': 1, 'connection_speed': 100, 'alert_mask': lt.alert.category_t.storage_notification})


def parameters(args):
    if args.mode == 'magnet-leech':
        wanted = lt.parse_magnet_uri(args.magnet)
    else:
        wanted = lt.add_torrent_params()
        wanted.ti = lt.torrent_info(args.torrent)
    wanted.save_path = args.dir
    wanted.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if args.mode == 'seed':
        wanted.flags |= lt.torrent_flags.seed_mode
    if args.no_pex:
        wanted.flags |= lt.torrent_flags.disable_pex
    return wanted


# peer_info::utp_socket, which the Python binding does not name
UTP_SOCKET = 1 << 17


def address_of(endpoint):
    host, port = endpoint
    return f'[{host}]:{port}' if ':' in host else f'{host}:{port}'


def encryption_of(peer):
    if peer.flags & lt.peer_info.rc4_encrypted:
        return 'rc4'
    return 'handshake' if peer.flags & lt.peer_info.plaintext_encrypted else ''


class Reporter:
    """Says what changed; remembers every peer that ever moved a byte, because seeds part when both are complete."""

    def __init__(self):
        self.peers = {}
        self.next = 0.0
        self.metadata = False

    def look(self, handle, status):
        for peer in handle.get_peer_info():
            client = peer.client.decode('utf-8', 'replace') if isinstance(peer.client, bytes) else str(peer.client)
            known = self.peers.setdefault(address_of(peer.ip), {
                'address': address_of(peer.ip), 'client': '', 'down': 0, 'up': 0, 'utp': False, 'encryption': '', 'sources': []})
            known['client'] = client or known['client']
            known['utp'] = known['utp'] or bool(peer.flags & UTP_SOCKET)
            known['encryption'] = encryption_of(peer) or known['encryption']
            known['sources'] = sorted({*known['sources'], *(name for bit, name in SOURCES.items() if peer.source & bit)})
            known['down'] = max(known['down'], peer.total_download)
            known['up'] = max(known['up'], peer.total_upload)
        if status.has_metadata and not self.metadata:
            self.metadata = True
            say('metadata', name=status.name, pieces=handle.torrent_file().num_pieces())
        now = time.monotonic()
        if now >= self.next:
            self.next = now + 0.25
            say('progress', state=str(status.state), percent=round(status.progress * 100, 2), bytes=status.total_wanted_done,
                downRate=status.download_payload_rate, upRate=status.upload_payload_rate, uploaded=status.total_payload_upload,
                peers=status.num_peers)
            say('peers', peers=list(self.peers.values()))


def flush(swarm, handle):
    """Waits until all is written: a torrent counts as complete when its hashes fit, and the last blocks may still be on their way."""
    swarm.pop_alerts()
    handle.flush_cache()
    end = time.monotonic() + 20
    while time.monotonic() < end and not any(isinstance(alert, lt.cache_flushed_alert) for alert in swarm.pop_alerts()):
        time.sleep(0.01)


# errors::torrent_inconsistent_hashes, which the Python binding does not name
INCONSISTENT_HASHES = 'v1 and v2 hashes do not describe the same data'


def resume(handle):
    """What a person does who meets libtorrent's own race with hybrid links: clears the error, lets it check, goes on."""
    handle.clear_error()
    handle.force_recheck()
    handle.resume()


def transfer(args):
    os.makedirs(args.dir, exist_ok=True)
    swarm = session(args)
    handle = swarm.add_torrent(parameters(args))
    reporter, end, redial, announced, joined = Reporter(), time.monotonic() + args.timeout, 0.0, False, False
    resumes = 3
    # The session's limits spare peers of the local network, which is all there is in a lab.
    handle.set_upload_limit(args.limit_up or -1)
    handle.set_download_limit(args.limit_down or -1)
    say('ready', address=address_of((args.bind, args.port)))
    while time.monotonic() < end:
        status = handle.status()
        if status.errc.value() != 0 and args.mode == 'magnet-leech' and resumes > 0 and status.errc.message() == INCONSISTENT_HASHES:
            resumes -= 1
            say('resumed', message=status.errc.message())
            resume(handle)
            status = handle.status()
        if status.errc.value() != 0:
            say('error', message=status.errc.message())
            return 1
        if time.monotonic() >= redial and status.num_peers == 0 and not status.is_seeding:
            redial = time.monotonic() + 1
            for peer in args.connect:
                host, _, port = peer.rpartition(':')
                handle.connect_peer((host.strip('[]'), int(port)))
        if args.dht_entry and not joined:  # left to itself it asks one new node every few seconds
            host, _, port = args.dht_entry.rpartition(':')
            swarm.add_dht_node((host.strip('[]'), int(port)))
            joined = len(swarm.get_torrents()) > 0 and swarm.is_dht_running()
            handle.force_dht_announce()
        reporter.look(handle, status)
        if args.mode != 'seed' and status.is_seeding and not announced:
            announced = True
            flush(swarm, handle)
            say('complete', bytes=status.total_wanted_done, peers=list(reporter.peers.values()))
            if not args.keep_seeding:
                return 0
        time.sleep(0.03)
    say('error', message=f'not done after {args.timeout} s')
    return 1


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if args.mode == 'create':
        create(args)
        return 0
    if args.mode == 'info':
        describe(args.torrent)
        return 0
    return transfer(args)


if __name__ == '__main__':
    code = main()
    sys.stdout.flush()
    os._exit(code)  # the session's destructor waits for trackers; nothing here needs that
