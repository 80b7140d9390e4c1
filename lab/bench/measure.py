"""What a process has used, read from /proc; medians with their ranges; tables in Markdown."""
import os
import statistics

TICKS = os.sysconf('SC_CLK_TCK')


def read(path):
    try:
        with open(path, encoding='ascii', errors='replace') as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ''


def cpu(pid):
    """Processor seconds of a process, 0 when it has ended."""
    stat = read(f'/proc/{pid}/stat')
    return sum(int(field) for field in stat.rsplit(') ', 1)[1].split()[11:13]) / TICKS if stat else 0.0


def memory(pid, field='VmRSS'):
    """Megabytes (2^20): VmRSS now, VmHWM at the most, RssAnon without what files are mapped."""
    return next((int(line.split()[1]) / 1024 for line in read(f'/proc/{pid}/status').splitlines() if line.startswith(field + ':')), 0.0)


def link(pid):
    """Bytes and packets that the namespace of a process has received, then sent, over e0."""
    for line in read(f'/proc/{pid}/net/dev').splitlines():
        name, _, counts = line.partition(':')
        if name.strip() == 'e0':
            counts = [int(count) for count in counts.split()]
            return counts[0], counts[1], counts[8], counts[9]
    return 0, 0, 0, 0


def disk(pid):
    """Bytes that a process had written to disks, or would have been had the files not been in memory."""
    return next((int(line.split()[1]) for line in read(f'/proc/{pid}/io').splitlines() if line.startswith('write_bytes:')), 0)


class Switches:
    """Context switches of all threads, those that have ended since the last look left out of what they did after it."""

    def __init__(self, pid):
        self.pid, self.seen = pid, {}

    def look(self):
        """(voluntary, involuntary) since the process began."""
        tasks = os.listdir(f'/proc/{self.pid}/task') if os.path.exists(f'/proc/{self.pid}/task') else []
        for task in tasks:
            lines = dict(line.split(':', 1) for line in read(f'/proc/{self.pid}/task/{task}/status').splitlines() if ':' in line)
            if 'voluntary_ctxt_switches' in lines:
                self.seen[task] = (int(lines['voluntary_ctxt_switches']), int(lines['nonvoluntary_ctxt_switches']))
        return tuple(sum(counts) for counts in zip(*self.seen.values())) if self.seen else (0, 0)


def told(values, digits=0):
    """The median with the range, or one value alone."""
    if not values:
        return ''
    middle = f'{statistics.median(values):,.{digits}f}'
    return middle if len(values) == 1 else f'{middle} ({min(values):,.{digits}f}-{max(values):,.{digits}f})'


def table(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    return '\n'.join(lines + ['| ' + ' | '.join(row) + ' |' for row in rows])
