#!/usr/bin/python3
"""Reads what transfer.sh prints and tells each pair's rate as a ratio to libtorrent's own of the same format and round: median and range."""
import re
import statistics
import sys

own, ratios = {}, {}
for line in sys.stdin:
    print(line, end='', flush=True)
    found = re.match(r'(\S+) +-> (\S+) +(\S+) +([\d.]+) MB/s', line)
    if not found:
        continue
    seeder, leecher, form, rate = found.groups()
    if (seeder, leecher) == ('libtorrent', 'libtorrent'):
        own[form] = float(rate)
    elif form in own:
        ratios.setdefault((form, seeder, leecher), []).append(float(rate) / own[form])
for (form, seeder, leecher), values in sorted(ratios.items()):
    print(f'{form:6} {seeder} -> {leecher}: {statistics.median(values):.2f}x libtorrent -> libtorrent ({min(values):.2f}-{max(values):.2f})')
if not ratios:
    sys.exit('ratios.py: no transfer was measured')
