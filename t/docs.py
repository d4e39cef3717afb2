#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""docs.py - compare what the documentation says with what the code does

usage: docs.py events|metrics SRC
       docs.py params SRC FILE     FILE holds what the programs print with -H
       docs.py sentences SRC FILE  FILE holds what `mailweir --help` prints

Prints one line for each difference and ends with status 1 if there is any.
"""
import glob
import os
import re
import sys


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources(src):
    for top in ("lib", "milters", "tools"):
        for path in sorted(glob.glob(os.path.join(src, top, "*", "*.[ch]"))):
            text = read(path)
            # comments name functions, too; keep the line numbers
            text = re.sub(r"/\*.*?\*/",
                          lambda m: "\n" * m.group().count("\n"), text,
                          flags=re.S)
            yield os.path.relpath(path, src), text


# Where events and counters are passed through, not named.
PASSING = {"lib/base/log.c", "lib/base/log.h", "lib/metrics/metrics.c",
           "lib/metrics/metrics.h", "milters/frame/frame.h",
           "milters/frame/milter.c", "milters/frame/msg.c"}

EVENT = re.compile(r"\b(log_event|log_write|frame_event|frame_log)\s*\(")
METRIC = re.compile(r"\b(metrics_add|metrics_peak|frame_count|"
                    r"frame_sum|frame_peak)\s*\(")


def arguments(text, at):
    """The arguments of a call whose opening bracket stands before at."""
    depth, quoted, args, begin = 0, False, [], at
    i = at
    while i < len(text):
        c = text[i]
        if quoted:
            if c == "\\":
                i += 1
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                args.append(text[begin:i].strip())
                return args
            depth -= 1
        elif c == "," and depth == 0:
            args.append(text[begin:i].strip())
            begin = i + 1
        i += 1
    return args


def literals(src, pattern, position):
    """name -> place, of every call; complaints about those without a name."""
    found, complaints = {}, []
    for path, text in sources(src):
        for m in pattern.finditer(text):
            where = "%s:%d" % (path, text.count("\n", 0, m.start()) + 1)
            args = arguments(text, m.end())
            at = position(m.group(1))
            if len(args) <= at or re.match(r"(const )?struct ", args[0]):
                continue        # a prototype or definition
            names = re.findall(r'"([a-z0-9_]+)"', args[at])
            # a literal, or a choice between literals
            rest = re.sub(r'"[a-z0-9_]+"', "", args[at])
            if not names or (rest and "?" not in rest):
                if path not in PASSING:
                    complaints.append("%s: %s(... %s ...): not a literal name"
                                      % (where, m.group(1), args[at]))
                continue
            for name in names:
                found.setdefault(name, where)
    return found, complaints


def documented(src, metrics):
    names = set()
    for line in read(os.path.join(src, "doc", "LOGS")).split("\n"):
        m = re.match(r"(mailweir_)?([a-z][a-z0-9_]*)(\{[^}]*\})?"
                     r"(\t+|  +)\S*mailweir", line)
        if m and bool(m.group(1)) == metrics:
            names.add(m.group(2))
    return names


def agree(src, pattern, position, metrics, what):
    found, bad = literals(src, pattern, position)
    listed = documented(src, metrics)
    for name in sorted(set(found) - listed):
        bad.append("%s: %s %s is not in doc/LOGS" % (found[name], what, name))
    for name in sorted(listed - set(found)):
        bad.append("doc/LOGS: no code has the %s %s" % (what, name))
    return bad


def kinds(line):
    """The kinds of section that a heading names: [a], [b NAME]."""
    return re.findall(r"\\?\[([a-z]+)(?: [^\]]*?)?\\?\]", line)


def sections(lines):
    """{(section kind, name): default} of text with [section] lines. A comment
    that names several sections begins what is the same in all of them."""
    out, into = {}, [""]
    for line in lines:
        named = kinds(line)
        if re.match(r"#?\[[^\]]*\]\s*$", line) or \
                (line.startswith("# ") and len(named) > 1):
            into = named
            continue
        if line.startswith("## "):      # another program begins at its top
            into = [""]
        m = re.match(r"#?([a-z][a-z0-9_]*) =\s*(.*)$", line)
        if m:
            for kind in into:
                out.setdefault((kind, m.group(1)), m.group(2).strip())
    return out


def from_man(src):
    """mailweir.conf.5.scd: `*name* = _default_` below `## [kind], [kind]`."""
    out, into = {}, [""]
    for line in read(os.path.join(src, "doc/mailweir.conf.5.scd")).split("\n"):
        if line.startswith("#"):
            into = kinds(line) or [""]
        m = re.match(r"\*([a-z][a-z0-9_]*)\* =\s*(.*?)(\+\+)?$", line)
        if m:
            value = re.sub(r"^_(.*)_$", r"\1", m.group(2).strip())
            for kind in into:
                out[kind, m.group(1)] = re.sub(r"\\(.)", r"\1", value)
    return out


def compare(code, doc, name):
    bad = []
    for key in sorted(set(code) | set(doc)):
        label = "[%s] %s" % key if key[0] else key[1]
        if key not in doc:
            bad.append("%s lacks %s" % (name, label))
        elif key not in code:
            bad.append("%s has %s, which no program knows" % (name, label))
        elif code[key] != doc[key]:
            bad.append("%s: %s: default is '%s', not '%s'" %
                       (name, label, code[key], doc[key]))
    return bad


def params(src, path):
    code = sections(read(path).split("\n"))
    bad = [] if code else ["the programs print no parameter"]
    bad += compare(code, from_man(src), "doc/mailweir.conf.5.scd")
    # the sample: "#name = default"; what is set there needs no default
    sample = read(os.path.join(src, "etc/mailweir.conf")).split("\n")
    shown = sections(sample)
    chosen = {line.split("=")[0].strip() for line in sample
              if re.match(r"[a-z]", line)}
    for key in shown:
        if key[1] in chosen and key in code:
            shown[key] = code[key]
    return bad + compare(code, shown, "etc/mailweir.conf")


def sentences(src, path):
    manual = read(os.path.join(src, "doc/mailweir.1.scd"))
    names = re.findall(r"^  ?mailweir ([a-z]+)|^  ([a-z]+)(?=  )", read(path),
                       re.M)
    names = sorted({a or b for a, b in names})
    bad = [] if names else ["mailweir --help lists no sentence"]
    for name in names:
        if not re.search(r"\*(mailweir )?%s\b" % name, manual):
            bad.append("doc/mailweir.1.scd lacks the sentence " + name)
    return bad


def main(what, src, path=None):
    if what == "events":
        bad = agree(src, EVENT, lambda f: 2 if f.startswith("frame") else 1,
                    False, "event")
    elif what == "metrics":
        bad = agree(src, METRIC, lambda f: 1, True, "metric")
    elif what == "params":
        bad = params(src, path)
    else:
        bad = sentences(src, path)
    for line in bad:
        print(line)
    return 1 if bad else 0


sys.exit(main(*sys.argv[1:]))
