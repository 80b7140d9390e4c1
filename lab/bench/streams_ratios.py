"""Ratios of what streams.sh measured, round by round: streams_ratios.py FILE-OF-JSON-LINES MIB"""
import json
import statistics
import sys

MANY = "download over 64 streams"

lines = [json.loads(line) for line in open(sys.argv[1])]
for line in lines:
    if line["pair"] == "js" and line.get("what") in ("download", "upload", "many") and "seconds" in line:
        line["value"] = int(sys.argv[2]) * 1.048576 / line["seconds"]
        line["what"] = MANY if line["what"] == "many" else line["what"]
rounds = sorted({line["round"] for line in lines})


def all_of(pair, what, number):
    return [line["value"] for line in lines if (line["pair"], line.get("what"), line["round"]) == (pair, what, number) and "value" in line]


def of(pair, what):
    return [statistics.median(all_of(pair, what, number) or [float("nan")]) for number in rounds]


def told(values, form):
    return " ".join(format(value, form) for value in values)


limits = of("limit", "cipher and loopback")
ranges = [all_of("limit", "cipher and loopback", number) for number in rounds]
print(f"limit: {told(limits, '.0f')} MB/s, within each round {' '.join(f'{min(r):.0f}-{max(r):.0f}' for r in ranges)}")
for pair in sorted({line["pair"] for line in lines} - {"limit", "js"}):
    for what in ("download", "upload", MANY):
        values = of(pair, what)
        shares = [value / limit for value, limit in zip(values, limits)]
        times = [value / other for value, other in zip(values, of("js", what))]
        print(f"{pair}, {what}: {told(values, '.0f')} MB/s; of the limit {told(shares, '.2f')}, median {statistics.median(shares):.2f}; "
              f"times js {told(times, '.1f')}, median {statistics.median(times):.1f}")
