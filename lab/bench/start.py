#!/usr/bin/python3
"""What starting costs: 4 MiB fetched, made into a torrent and verified by fresh processes of several outputs of the program, in turns.

usage: lab/bench/start.py [ROUNDS=11] [NAME=DIRECTORY ...]      default: managed=.../release native=.../native
Prints medians and ranges of wall and processor seconds, ratios round by round to the first output, and how many methods each compiles.
BYTES=N fetches another number of bytes; "seed" is the seeder's part in its first transfer (of the warm leecher's wall time nothing is said).
"""
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
BYTES = int(os.environ.get('BYTES', 4 << 20))
ALONE = ['--bind', '127.0.0.1', '--encryption', 'forbid', '--no-dht', '--no-lan', '--no-port-mapping', '--quiet']


def command(output, *arguments):
    return [f'{output}/compeer', *arguments]


def timed(line, env=None):
    """Wall and processor seconds of a process that must succeed."""
    began = time.monotonic()
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f'{" ".join(line)} ended with {status}')
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime


def processor_seconds(pid):
    total = 0
    for task in os.listdir(f'/proc/{pid}/task'):
        with open(f'/proc/{pid}/task/{task}/schedstat') as counted:
            total += int(counted.read().split()[0])
    return total / 1e9


class Work:
    def __init__(self, directory):
        self.directory = directory
        self.torrent = f'{directory}/t.torrent'
        os.mkdir(f'{directory}/seed')
        with open(f'{directory}/seed/data.bin', 'wb') as data:
            for _ in range(0, BYTES, 1 << 20):
                data.write(os.urandom(1 << 20))

    def create(self, output, env=None):
        return timed(command(output, 'create', f'{self.directory}/seed/data.bin', '-o', self.torrent, '--format', 'v1', '--piece-size', '256K', '--quiet'), env)

    def verify(self, output, env=None):
        return timed(command(output, 'verify', self.torrent, f'{self.directory}/seed', '--quiet'), env)

    def start_seed(self, output):
        """The process and its port; returns when it listens."""
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        seed = subprocess.Popen(command(output, 'get', self.torrent, '--dir', f'{self.directory}/seed', '--data-dir', f'{self.directory}/state{port}', '--port', str(port), '--keep-seeding', *ALONE),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(2)
        return seed, port

    def fetch(self, output, port, env=None):
        for name in ('got', 'state'):
            shutil.rmtree(f'{self.directory}/{name}', ignore_errors=True)
        return timed(command(output, 'get', self.torrent, '--dir', f'{self.directory}/got', '--data-dir', f'{self.directory}/state', '--port', '0', '--peer', f'127.0.0.1:{port}', *ALONE), env)

    def first_transfer(self, output, leecher):
        """Wall seconds of the leecher, and processor seconds of a seed that served nobody before."""
        seed, port = self.start_seed(output)
        try:
            before = processor_seconds(seed.pid)
            wall, _ = self.fetch(leecher, port)
            return wall, processor_seconds(seed.pid) - before
        finally:
            seed.terminate()
            seed.wait()


def report(what, runs):
    first = next(iter(runs.values()))
    for name, times in runs.items():
        cells = []
        for index, unit in enumerate(('wall', 'cpu')):
            own = [t[index] for t in times]
            ratio = statistics.median(a[index] / b[index] for a, b in zip(times, first))
            cells.append(f'{unit} {statistics.median(own):.3f} ({min(own):.3f}-{max(own):.3f}) {ratio:.2f}x')
        print(f'{what:7} {name:10} {"   ".join(cells)}', flush=True)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    built = f'{ROOT}/artifacts/bin/Compeer.Cli'
    outputs = dict(a.split('=', 1) for a in sys.argv[2:]) or {'managed': f'{built}/release', 'native': f'{built}/native'}
    reference = next(iter(outputs.values()))
    with tempfile.TemporaryDirectory(prefix='compeer-bench-', dir='/dev/shm') as directory:
        work = Work(directory)
        work.create(reference)
        seed, port = work.start_seed(reference)
        try:
            jobs = {'fetch': lambda output: work.fetch(output, port), 'create': work.create, 'verify': work.verify, 'seed': lambda output: work.first_transfer(output, reference)}
            for what, job in jobs.items():
                for output in outputs.values():
                    job(output)
                runs = {name: [] for name in outputs}
                for _ in range(rounds):
                    for name, output in outputs.items():
                        runs[name].append(job(output))
                report(what, runs)
            for name, output in outputs.items():
                listing = f'{directory}/methods-{name}'
                work.fetch(output, port, {**os.environ, 'DOTNET_JitStdOutFile': listing, 'DOTNET_JitDisasmSummary': '1'})
                if os.path.exists(listing):
                    with open(listing) as methods:
                        print(f'methods {name:10} {sum(1 for _ in methods)} compiled in a fetch')
        finally:
            seed.terminate()
            seed.wait()


main()
