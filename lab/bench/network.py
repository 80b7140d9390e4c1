"""For the benchmarks beside it: hosts in network namespaces of their own around one router, programs on them, and all of it removed at the end."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))
BUILT = os.path.join(ROOT, 'artifacts/bin/Compeer.Cli')
# What ./compeer runs, or COMPEER_BIN.
PROGRAM = os.environ.get('COMPEER_BIN') or next(filter(os.path.exists, [f'{BUILT}/native/compeer']), f'{BUILT}/release/compeer')
BENCHMARKS = os.path.join(ROOT, 'artifacts/bin/Compeer.Benchmarks/release/Compeer.Benchmarks.dll')


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


class Running:
    """A program that was started; what it prints goes to a file."""

    def __init__(self, command, log):
        self.log = log
        self.started = time.monotonic()
        with open(log, 'wb') as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def has_printed(self, text):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return text in log.read()

    def wait(self, seconds):
        """Waits for the program's end; ends ours with what it printed when it failed."""
        code = self.process.wait(timeout=seconds)
        if code != 0:
            with open(self.log, encoding='utf-8', errors='replace') as log:
                sys.exit(f'{self.process.args} ended with {code}: {log.read()[-2000:]}')

    def stop(self, seconds=10):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


ROUTER = '10.97.255.254'


class Network:
    """
    Needs root. To be used in a with statement. .work is a directory in memory. Hosts know only their router: neighbours of
    each other would fill the kernel's one table of neighbours (1,024) from 32 hosts on, and packets would be lost.
    """

    def __enter__(self):
        self.prefix = f'cpb{os.getpid()}'
        self.hosts = 0
        self.logs = 0
        self.running = []
        self.work = tempfile.mkdtemp(prefix='compeer-bench-', dir='/dev/shm')
        run('ip', 'netns', 'add', self.prefix)
        run('ip', 'netns', 'exec', self.prefix, 'sysctl', '-qw', 'net.ipv4.ip_forward=1')
        return self

    def __exit__(self, *_):
        self.stop_all()
        for number in range(self.hosts):
            subprocess.run(['ip', 'netns', 'del', f'{self.prefix}h{number}'], check=False)
        subprocess.run(['ip', 'netns', 'del', self.prefix], check=False)
        shutil.rmtree(self.work, ignore_errors=True)

    def host(self, rate=None):
        """Makes a host that sends at most rate bytes a second; its address, in a /24 of its own as with peers anywhere."""
        number, self.hosts = self.hosts, self.hosts + 1
        name, address = f'{self.prefix}h{number}', f'10.97.{number}.1'
        run('ip', 'netns', 'add', name)
        run('ip', 'link', 'add', 'e0', 'netns', name, 'type', 'veth', 'peer', 'name', f'v{number}', 'netns', self.prefix)
        for namespace, device, own, other in ((self.prefix, f'v{number}', ROUTER, address), (name, 'e0', address, ROUTER)):
            run('ip', '-n', namespace, 'addr', 'add', f'{own}/32', 'dev', device)
            run('ip', '-n', namespace, 'link', 'set', device, 'up')
            run('ip', '-n', namespace, 'route', 'add', other, 'dev', device)
        run('ip', '-n', name, 'link', 'set', 'lo', 'up')
        run('ip', '-n', name, 'route', 'add', 'default', 'via', ROUTER)
        if rate:
            run('ip', 'netns', 'exec', name, 'tc', 'qdisc', 'add', 'dev', 'e0', 'root', 'tbf', 'rate', f'{rate * 8}bit', 'burst', '64kb', 'latency', '200ms')
        return address

    def crowd(self, count):
        """Gives the router itself so many addresses more, from 10.96.0.1 on, for a program there that is to look like many hosts."""
        run('ip', '-n', self.prefix, 'link', 'set', 'lo', 'up')
        for number in range(count):
            run('ip', '-n', self.prefix, 'addr', 'add', f'10.96.0.{number + 1}/32', 'dev', 'lo')

    def directory(self):
        """A new empty directory in memory."""
        return tempfile.mkdtemp(dir=self.work)

    def namespace(self, address):
        """The host's, or the router's."""
        return f'{self.prefix}h{address.split(".")[2]}' if address else self.prefix

    def start(self, address, *command):
        """Starts a program on a host, or on the router."""
        self.logs += 1
        running = Running(['ip', 'netns', 'exec', self.namespace(address), *command], f'{self.work}/log{self.logs}')
        self.running.append(running)
        return running

    def stop_all(self):
        for running in self.running:
            if running.process.poll() is None:
                running.process.terminate()
        for running in self.running:
            running.stop()
        self.running.clear()


def wait_until(met, seconds, what):
    end = time.monotonic() + seconds
    while not met():
        if time.monotonic() > end:
            sys.exit(f'after {seconds} s still no {what}')
        time.sleep(0.02)
