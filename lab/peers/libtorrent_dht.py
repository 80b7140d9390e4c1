#!/usr/bin/python3
"""libtorrent as foreign nodes of the Mainline DHT.

    libtorrent_dht.py cloud --first IP --count N --port P [--step S] [--no-limits]   N nodes, each with an address of its own, that know one another
    libtorrent_dht.py peers --bind IP --entry HOST:PORT --hash H [--announce]
    libtorrent_dht.py put   --bind IP --entry HOST:PORT --text T [--seed HEX --salt S]
    libtorrent_dht.py get   --bind IP --entry HOST:PORT --key HEX [--salt S]
    libtorrent_dht.py sample --bind IP --entry HOST:PORT         asks that very node which swarms it knows

Prints one JSON object a line: "ready", "peer" (address), "stored" (key, nodes), "item" (value, seq), "samples" (samples, count), "error".
Needs Debian's python3-libtorrent (2.0).
"""
import argparse
import hashlib
import ipaddress
import json
import os
import signal
import sys
import time

import libtorrent as lt


def say(event, **values):
    print(json.dumps({'event': event, **values}), flush=True)


def at(host, port):
    return f'[{host}]:{port}' if ':' in str(host) else f'{host}:{port}'


def session(address, port, entry, limits=True):
    return lt.session({
        # A node of libtorrent's is silent for five minutes to who asks it more than five times a second.
        **({} if limits else {'dht_block_ratelimit': 100_000, 'dht_upload_rate_limit': 100_000_000}),
        'listen_interfaces': at(address, port), 'dht_bootstrap_nodes': entry, 'enable_dht': True,
        'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
        'dht_restrict_routing_ips': False, 'dht_restrict_search_ips': False, 'dht_ignore_dark_internet': False,
        'dht_prefer_verified_node_ids': False, 'dht_enforce_node_id': False,
        'alert_mask': lt.alert.category_t.dht_notification | lt.alert.category_t.dht_operation_notification})


def nodes(swarm):
    swarm.post_session_stats()
    alert = wait(swarm, lt.session_stats_alert, 2)
    return alert.values['dht.dht_nodes'] if alert else 0


def meet(swarm, entries, wanted):
    """Left to itself libtorrent asks one new node every few seconds."""
    end = time.monotonic() + 20
    while time.monotonic() < end and nodes(swarm) < wanted:
        for host, port in entries:
            swarm.add_dht_node((host, port))
        time.sleep(0.3)


def cloud(args):
    first = ipaddress.ip_address(args.first)
    swarm = [session(str(first + i * args.step), args.port, '', not args.no_limits) for i in range(args.count)]
    for i, node in enumerate(swarm):
        meet(node, [(str(first + (i + step) % args.count * args.step), args.port) for step in (1, 2, 3, 5, 7, 11)], min(4, args.count - 1))
    say('ready', entry=at(first, args.port), nodes=[nodes(s) for s in swarm])
    time.sleep(args.timeout)


def joined(args):
    swarm = session(args.bind, args.port, args.entry)
    host, _, port = args.entry.rpartition(':')
    meet(swarm, [(host.strip('[]'), int(port))], 1)
    say('ready', nodes=nodes(swarm))
    return swarm


def wait(swarm, kind, seconds, matches=lambda alert: True):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for alert in swarm.pop_alerts():
            if isinstance(alert, kind) and matches(alert):
                return alert
        time.sleep(0.02)
    return None


def peers(args):
    swarm = joined(args)
    wanted = lt.sha1_hash(bytes.fromhex(args.hash))
    if args.announce:
        swarm_of = lt.parse_magnet_uri('magnet:?xt=urn:btih:' + args.hash)
        swarm_of.save_path = '.'
        swarm_of.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        handle = swarm.add_torrent(swarm_of)
        time.sleep(1)
        handle.force_dht_announce()
        time.sleep(3)
    seen = set()
    end = time.monotonic() + args.timeout
    while time.monotonic() < end:
        swarm.dht_get_peers(wanted)
        alert = wait(swarm, lt.dht_get_peers_reply_alert, 3)
        for host, port in alert.peers() if alert else []:
            if (host, port) not in seen:
                seen.add((host, port))
                say('peer', address=at(host, port))
        time.sleep(0.5)


def keypair(seed):
    """Ed25519 as in RFC 8032, slowly: the bindings do not offer it."""
    prime, d = 2 ** 255 - 19, -121665 * pow(121666, -1, 2 ** 255 - 19)
    hashed = bytearray(hashlib.sha512(seed).digest())
    hashed[0] &= 248
    hashed[31] = hashed[31] & 127 | 64

    def add(a, b):
        x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + d * a[0] * b[0] * a[1] * b[1], -1, prime)
        y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - d * a[0] * b[0] * a[1] * b[1], -1, prime)
        return x % prime, y % prime

    base_y = 4 * pow(5, -1, prime) % prime
    square = (base_y * base_y - 1) * pow(d * base_y * base_y + 1, -1, prime)
    base_x = pow(square, (prime + 3) // 8, prime)
    if (base_x * base_x - square) % prime:
        base_x = base_x * pow(2, (prime - 1) // 4, prime) % prime
    if base_x % 2:
        base_x = prime - base_x
    scalar, point, step = int.from_bytes(hashed[:32], 'little'), (0, 1), (base_x, base_y)
    while scalar:
        if scalar & 1:
            point = add(point, step)
        step = add(step, step)
        scalar >>= 1
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, 'little'), bytes(hashed)


def put(args):
    swarm = joined(args)
    if args.seed:
        public, secret = keypair(bytes.fromhex(args.seed))
        swarm.dht_put_mutable_item(secret, public, args.text.encode(), args.salt.encode())
        key = public.hex()
    else:
        key = str(swarm.dht_put_immutable_item(args.text))
    alert = wait(swarm, lt.dht_put_alert, 20)
    say('stored', key=key, nodes=alert.num_success if alert else 0)


def get(args):
    swarm = joined(args)
    key = bytes.fromhex(args.key)
    if len(key) == 20:
        swarm.dht_get_immutable_item(lt.sha1_hash(key))
        alert = wait(swarm, lt.dht_immutable_item_alert, 20)
    else:
        swarm.dht_get_mutable_item(key, args.salt.encode())
        alert = wait(swarm, lt.dht_mutable_item_alert, 20)
    try:
        item = alert.item if alert else None
    except RuntimeError:  # what an empty entry becomes
        item = None
    value = item['value'] if isinstance(item, dict) else item
    seq = item.get('seq') if isinstance(item, dict) and len(key) == 32 else None
    say('item', value=value.decode() if isinstance(value, bytes) else value, seq=seq)


def sample(args):
    swarm = joined(args)
    host, _, port = args.entry.rpartition(':')
    swarm.dht_sample_infohashes((host.strip('[]'), int(port)), lt.sha1_hash(os.urandom(20)))
    alert = wait(swarm, lt.dht_sample_infohashes_alert, 20)
    say('samples', samples=[str(h) for h in alert.samples] if alert else [], count=alert.num_infohashes if alert else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('mode', choices=('cloud', 'peers', 'put', 'get', 'sample'))
    parser.add_argument('--first')
    parser.add_argument('--count', type=int, default=12)
    parser.add_argument('--step', type=int, default=1, help='between the addresses')
    parser.add_argument('--no-limits', action='store_true', help='nodes that answer whoever asks, however often')
    parser.add_argument('--port', type=int, default=6881)
    parser.add_argument('--bind')
    parser.add_argument('--entry', default='')
    parser.add_argument('--hash')
    parser.add_argument('--announce', action='store_true', help='a peer is here at --port')
    parser.add_argument('--text')
    parser.add_argument('--seed')
    parser.add_argument('--salt', default='')
    parser.add_argument('--key')
    parser.add_argument('--timeout', type=float, default=120)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    {'cloud': cloud, 'peers': peers, 'put': put, 'get': get, 'sample': sample}[args.mode](args)


if __name__ == '__main__':
    main()
    sys.stdout.flush()
    os._exit(0)
