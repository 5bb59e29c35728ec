"""Writes docs/reliability.md from the figures that a long run saw.

Usage: report.py FIGURES OUT, where a line of FIGURES is: requirement, promise, test, expected, seen (separated by tabs).
"""

import datetime
import os
import platform
import re
import subprocess
import sys

HEAD = """# Reliability

Written by `make soak`; don't edit by hand. Run that command to measure again.

Each row is a requirement of the project, the test that shows it, the figure that is expected and the one that was seen in the long run. `make test` runs the
same tests with smaller numbers. Load, providers and Conduit share one machine and talk over loopback.

| | |
|---|---|
| date | {date} |
| machine | {cores} cores, Linux {kernel} |
| commit | {commit} |

| requirement | promise | test | expected | seen |
|---|---|---|---|---|
"""


def order(row):
    found = re.match(r"R(\d+)", row[0])
    return (int(found.group(1)) if found else 1000, row[2], row[1])


def main(figures, out):
    with open(figures, encoding="utf-8") as file:
        rows = {tuple(line.rstrip("\n").split("\t")[:4]): line.rstrip("\n").split("\t") for line in file if line.count("\t") == 4}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    facts = {
        "date": datetime.date.today().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "commit": commit or "unknown",
    }
    with open(out, "w", encoding="utf-8") as file:
        file.write(HEAD.format(**facts))
        for requirement, promise, test, expected, seen in sorted(rows.values(), key=order):
            file.write(f"| {requirement} | {promise} | `{test}` | {expected} | {seen} |\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
