#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t2001-rules.py PROGRAM CORPORA FLOORS - agreement with SpamAssassin

Runs `PROGRAM rules score` with SpamAssassin's stock rules over every mail of
each set and compares hits and scores with truth-sa-core.tsv. Ends with 1 when
a set is below its floor. A set with a third of its mails is enough under a
sanitizer: MAILWEIR_EVERY=3.
"""
import csv
import glob
import os
import shutil
import subprocess
import sys
import tempfile

csv.field_size_limit(1 << 30)


def names(text):
    return {t.split("(")[0] for t in text.split(",") if t}


def truth(folder):
    with open(os.path.join(folder, "truth-sa-core.tsv"), newline="",
              encoding="utf-8", errors="replace") as f:
        return {r["file"]: r for r in csv.DictReader(
            f, delimiter="\t", quoting=csv.QUOTE_NONE)}


def compare(program, rules, folder, every):
    want = truth(folder)
    todo = sorted(n for n in want if os.path.exists(os.path.join(folder, n)))
    todo = todo[::every]
    both = either = scores = 0
    for i in range(0, len(todo), 300):
        out = subprocess.run(
            [program, "rules", "score", "--rules", rules, "--plugins", "none",
             "--subrules", *(os.path.join(folder, n)
                             for n in todo[i:i + 300])],
            capture_output=True, check=True).stdout
        for line in out.decode("utf-8", "replace").splitlines():
            path, score, hits, sub = line.split("\t")
            row = want[os.path.basename(path)]
            ours = names(hits) | names(sub)
            theirs = names(row["hits"]) | names(row["subtests"])
            both += len(ours & theirs)
            either += len(ours | theirs)
            scores += abs(float(score) - float(row["score"])) < .0015
    return both / either, scores / len(todo)


def main():
    program, corpora, floors = sys.argv[1:4]
    every = int(os.environ.get("MAILWEIR_EVERY", "3"))
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        for f in glob.glob(os.path.join(corpora, "sa-rules", "[0-9]*.cf")):
            shutil.copy(f, tmp)
        with open(floors, encoding="utf-8") as f:
            for line in f:
                if line.startswith("#"):
                    continue
                name, pairs, scores = line.split()
                p, s = compare(program, tmp, os.path.join(corpora, name),
                               every)
                print(f"{name}: pairs {p:.4f} (floor {pairs}), "
                      f"scores {s:.4f} (floor {scores})")
                bad |= p < float(pairs) or s < float(scores)
    return int(bad)


sys.exit(main())
