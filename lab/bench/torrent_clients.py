"""How each client of the table is started: to seed one torrent, to fetch it, to check it, and to hold many that it knows from an earlier run.

A command of seed, fetch and check ends by itself when it has done its work, or touches the file `done`, or (check) begins to serve;
all are told to keep to TCP in plain, to take peers from the tracker alone, and to leave the network's other helpers off.
"""
import glob
import json
import os
import shutil
import time

import daemon
from network import PROGRAM, ROOT, run

PORT = 7001
ALONE = ['--no-lan', '--no-port-mapping']


class Compeer:
    name, program, check_ends = 'Compeer', PROGRAM, True

    def version(self):
        return run('git', '-C', ROOT, 'rev-parse', '--short', 'HEAD').strip()

    def get(self, torrent, directory, host, state, *options):
        return [PROGRAM, 'get', torrent, '--dir', directory, '--data-dir', state, '--bind', host, '--port', str(PORT),
                '--encryption', 'forbid', '--no-utp', '--no-dht', *ALONE, '--quiet', *options]

    def seed(self, torrent, directory, host, state):
        return self.get(torrent, directory, host, state, '--keep-seeding')

    def fetch(self, torrent, directory, host, state, done):
        return self.get(torrent, directory, host, state)

    def check(self, torrent, directory, host, state):
        return [PROGRAM, 'verify', torrent, directory, '--quiet']

    def fill(self, network, host, torrents, files, state):
        """Through the API, outside of the namespaces."""
        node = daemon.Daemon(state)
        names = sorted(os.listdir(torrents))
        for name in names:
            daemon.call('torrents', node.token, {'path': f'{torrents}/{name}', 'directory': files})
        node.wait(lambda told: told['torrents']['seeding'] == len(names))
        node.stop()

    def hold(self, torrents, files, host, state, dht):
        return [PROGRAM, 'daemon', '--api', daemon.API, '--data-dir', f'{state}/data', '--bind', host, '--port', str(PORT),
                *(['--dht-bootstrap', dht] if dht else ['--no-dht']), *ALONE]


class Libtorrent:
    name, program, check_ends = 'libtorrent', '/usr/bin/python3', True

    def version(self):
        return run('/usr/bin/python3', '-c', 'import libtorrent; print(libtorrent.__version__)').strip()

    def transfer(self, mode, torrent, directory, host):
        return ['/usr/bin/python3', f'{ROOT}/lab/bench/libtorrent_transfer.py', mode, torrent, directory, host, str(PORT), 'forbid']

    def seed(self, torrent, directory, host, state):
        return self.transfer('seed', torrent, directory, host)

    def fetch(self, torrent, directory, host, state, done):
        return self.transfer('leech', torrent, directory, host)

    def check(self, torrent, directory, host, state):
        return ['/usr/bin/python3', f'{ROOT}/lab/bench/libtorrent_check.py', torrent, directory]

    def fill(self, network, host, torrents, files, state):
        """It has no state of its own: the program that holds it says that the files are complete."""

    def hold(self, torrents, files, host, state, dht):
        return ['/usr/bin/python3', f'{ROOT}/lab/bench/libtorrent_seeds.py', torrents, files, host, str(PORT), *([dht] if dht else [])]


class Transmission:
    name, program, check_ends = 'Transmission', 'transmission-daemon', False

    def version(self):
        return debian('transmission-daemon')

    def start(self, directory, host, state, torrents, done=None, dht=None):
        """It loads what lies in its folder of torrents, and checks what it has no memory of."""
        os.makedirs(f'{state}/torrents', exist_ok=True)
        for torrent in torrents:
            shutil.copy(torrent, f'{state}/torrents')
        if done:
            with open(f'{state}/done.sh', 'w', encoding='ascii') as script:
                script.write(f'#!/bin/sh\ntouch {done}\n')
            os.chmod(f'{state}/done.sh', 0o755)
        if dht:
            with open(f'{state}/dht.bootstrap', 'w', encoding='ascii') as entries:
                entries.write(dht.replace(':', ' ') + '\n')
        with open(f'{state}/settings.json', 'w', encoding='ascii') as settings:
            json.dump({'bind-address-ipv4': host, 'peer-port': PORT, 'rpc-enabled': False, 'download-dir': directory, 'dht-enabled': bool(dht),
                       'lpd-enabled': False, 'pex-enabled': False, 'utp-enabled': False, 'port-forwarding-enabled': False, 'encryption': 0,
                       'cache-size-mb': 64, 'script-torrent-done-enabled': bool(done), 'script-torrent-done-filename': f'{state}/done.sh',
                       'message-level': 1}, settings)
        return ['transmission-daemon', '-f', '-g', state]

    def seed(self, torrent, directory, host, state):
        return self.start(directory, host, state, [torrent])

    def fetch(self, torrent, directory, host, state, done):
        return self.start(directory, host, state, [torrent], done)

    def check(self, torrent, directory, host, state):
        return self.start(directory, host, state, [torrent])

    def fill(self, network, host, torrents, files, state):
        """It checks ten torrents a second at most, so what it would remember of that is written here."""
        for folder in ('torrents', 'resume'):
            os.makedirs(f'{state}/{folder}')
        with open(os.path.dirname(torrents) + '/hashes', encoding='ascii') as hashes:
            for path, swarm in zip(sorted(glob.glob(f'{torrents}/*')), hashes):
                shutil.copy(path, f'{state}/torrents/{swarm.strip()}.torrent')
                name = os.path.basename(path).replace('.torrent', '.bin').encode()
                with open(f'{state}/resume/{swarm.strip()}.resume', 'wb') as resume:
                    resume.write(b'd11:destination%d:%s3:dndli0ee4:name%d:%s6:pausedi0e8:priorityli0ee8:progressd6:blocks3:all4:have3:all12:time-checkedli%deeee'
                                 % (len(files), files.encode(), len(name), name, time.time() + 1))

    def hold(self, torrents, files, host, state, dht):
        return self.start(files, host, state, [], dht=dht)


class Aria2:
    name, program, check_ends = 'aria2', 'aria2c', True

    def version(self):
        return debian('aria2')

    def command(self, directory, host, *options):
        return ['aria2c', '--no-conf', f'--listen-port={PORT}', f'--interface={host}', '--bt-enable-lpd=false', '--enable-peer-exchange=false', '--disable-ipv6',
                '--bt-require-crypto=false', '--file-allocation=none', '--quiet', '-d', directory, *options]

    def seed(self, torrent, directory, host, state):
        return self.command(directory, host, '--enable-dht=false', '--seed-ratio=0', '--bt-seed-unverified=true', torrent)

    def fetch(self, torrent, directory, host, state, done):
        return self.command(directory, host, '--enable-dht=false', '--seed-time=0', torrent)

    def check(self, torrent, directory, host, state):
        return self.command(directory, host, '--enable-dht=false', '--check-integrity=true', '--seed-time=0', torrent)

    def fill(self, network, host, torrents, files, state):
        """It has no state of its own: it is told to take the files for complete."""

    def hold(self, torrents, files, host, state, dht):
        with open(f'{state}/list', 'w', encoding='ascii') as out:
            out.writelines(f'{torrents}/{name}\n' for name in sorted(os.listdir(torrents)))
        network = [f'--enable-dht=true', f'--dht-entry-point={dht}', f'--dht-listen-port={PORT}', f'--dht-file-path={state}/dht.dat'] if dht else ['--enable-dht=false']
        return self.command(files, host, *network, '--seed-ratio=0', '--bt-seed-unverified=true', '--max-concurrent-downloads=100000', f'--input-file={state}/list')


class Rtorrent:
    name, program, check_ends = 'rtorrent', 'rtorrent', False

    def version(self):
        return debian('rtorrent')

    def start(self, directory, host, state, torrents, done=None, dht=None):
        os.makedirs(f'{state}/session', exist_ok=True)
        with open(f'{state}/rc', 'w', encoding='ascii') as out:
            out.write(f'''system.daemon.set = true
directory.default.set = {directory}
session.path.set = {state}/session
network.port_range.set = {PORT}-{PORT}
network.port_random.set = no
network.bind_address.set = {host}
protocol.pex.set = no
protocol.encryption.set = none
trackers.use_udp.set = no
pieces.hash.on_completion.set = no
''')
            if dht:
                out.write(f'dht.port.set = {PORT}\ndht.mode.set = on\nschedule2 = dht_entry, 2, 0, "dht.add_node={dht}"\n')
            else:
                # It refuses torrents without a tracker when the DHT is disabled; this one knows no nodes.
                out.write('dht.mode.set = auto\n')
            if done:
                out.write(f'method.set_key = event.download.finished, bench, "execute.nothrow=touch,{done}"\n')
        return ['rtorrent', '-n', '-o', f'import={state}/rc', *torrents]

    def seed(self, torrent, directory, host, state):
        return self.start(directory, host, state, [torrent])

    def fetch(self, torrent, directory, host, state, done):
        return self.start(directory, host, state, [torrent], done)

    def check(self, torrent, directory, host, state):
        return self.start(directory, host, state, [torrent])

    def fill(self, network, host, torrents, files, state):
        serve_once(network, host, self.start(files, host, state, sorted(glob.glob(f'{torrents}/*'))), torrents)

    def hold(self, torrents, files, host, state, dht):
        return self.start(files, host, state, [], dht=dht)


ALL = [Compeer(), Libtorrent(), Transmission(), Aria2(), Rtorrent()]


def debian(package):
    return run('dpkg-query', '-W', '-f', '${Version}', package).split('-')[0].split('+')[0]


def probe(network, mode, host, hashes, seconds):
    """Starts the probe in the router's namespace."""
    return network.start(None, '/usr/bin/python3', f'{ROOT}/lab/bench/probe.py', mode, host, str(PORT), hashes, str(seconds))


def serve_once(network, host, command, torrents, seconds=240):
    """Runs a client until all its torrents are served, then asks it to end."""
    running = network.start(host, *command)
    probe(network, 'until', host, os.path.dirname(torrents) + '/hashes', seconds).wait(seconds + 5)
    running.stop(60)
