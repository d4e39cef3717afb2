#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t3520-browser.py - drive a headless Chromium through chromedriver

usage: t3520-browser.py DRIVER_PORT OUTPUT_DIR AXE_OR_- URL STEP...

Steps: open, press TEXT (a button that begins with it), see TEXT, shots NAME
(light, dark, phone, dark phone), axe NAME, lang TAG (open it as a reader of
that language, two pictures), keyboard (Tab reaches every
button, with a visible focus), nothing (no request went elsewhere, nothing
was kept: no cookie).
"""
import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request

PORT, OUT, AXE, URL = sys.argv[1:5]
BASE = "http://127.0.0.1:%s" % PORT


def call(method, path, data=None):
    body = None if method == "GET" else json.dumps(data or {}).encode()
    request = urllib.request.Request(BASE + path, body, {
        "Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as f:
            return json.load(f)["value"]
    except urllib.error.HTTPError as e:
        sys.exit("%s %s: %s" % (method, path, e.read().decode()[:2000]))


class Browser:
    def __init__(self):
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", "--hide-scrollbars",
                            "--disable-background-networking",
                            "--no-first-run", "--lang=en-US"]}
        caps = {"acceptInsecureCerts": True, "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"}}
        self.path = "/session/" + call("POST", "/session", {
            "capabilities": {"alwaysMatch": caps}})["sessionId"]

    def get(self, what):
        return call("GET", self.path + what)

    def post(self, what, **data):
        return call("POST", self.path + what, data)

    def script(self, text, *args):
        return self.post("/execute/sync", script=text, args=list(args))

    def cdp(self, cmd, **params):
        return self.post("/goog/cdp/execute", cmd=cmd, params=params)

    def end(self):
        call("DELETE", self.path)


def look(b, dark, phone):
    b.cdp("Emulation.setEmulatedMedia", features=[
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
    width, height = (360, 740) if phone else (1000, 800)
    b.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
          deviceScaleFactor=1, mobile=phone)


LOOKS = {"light": (False, False), "dark": (True, False),
         "phone": (False, True), "dark-phone": (True, True)}


def channels(text):
    return [int(x) for x in text[text.index("(") + 1:-1].split(",")[:3]]


def contrast(a, b):
    """WCAG 2: of two colours as the browser tells them."""
    lights = []
    for color in (a, b):
        v = [x / 255 for x in channels(color)]
        v = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4
             for x in v]
        lights.append(0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def stands_out(b, word):
    """The button of the brand's colour, against its card, and its words."""
    for button, card, words in b.script(
            "return [...document.querySelectorAll('button.main')]"
            ".filter(x => x.offsetParent).map(x => { const s ="
            "getComputedStyle(x), c = x.closest('.card') || x.closest('.told')"
            "|| document.body; return [s.backgroundColor,"
            "getComputedStyle(c).backgroundColor, s.color] })"):
        assert contrast(button, card) >= 2.5, (word, button, card)
        assert contrast(button, words) >= 4.5, (word, button, words)


def shots(b, name, looks=LOOKS):
    for word in looks:
        dark, phone = LOOKS[word]
        look(b, dark, phone)
        png = base64.b64decode(b.get("/screenshot"))
        with open(os.path.join(OUT, "%s-%s.png" % (name, word)), "wb") as f:
            f.write(png)
        width, inner = b.script("return [document.documentElement.scrollWidth,"
                                "window.innerWidth]")
        assert width <= inner, "%s: %d wide on %d" % (word, width, inner)
        ground = b.script("return getComputedStyle(document.body)"
                          ".backgroundColor")
        assert (sum(channels(ground)) < 200) == dark, (word, ground)
        stands_out(b, word)
        # WCAG 2.5.8 asks for 24, we for 44
        for h, w in b.script("return [...document.querySelectorAll('button')]"
                             ".filter(x => x.offsetParent)"
                             ".map(x => [x.offsetHeight, x.offsetWidth])"):
            assert h >= 44 and w >= 44, (h, w)
    look(b, False, False)


def axe(b, name):
    if AXE == "-":
        return
    with open(AXE, encoding="utf-8") as f:
        source = f.read()
    for word, (dark, phone) in LOOKS.items():
        look(b, dark, phone)
        b.script(source + "; return typeof window.axe")
        found = b.post("/execute/async", args=[], script="""
            const done = arguments[arguments.length - 1];
            document.querySelectorAll('details').forEach(d => d.open = true);
            axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a',
                'wcag21aa', 'wcag22aa', 'best-practice']}).then(
                r => done({bad: r.violations.map(v => [v.id, v.help,
                    v.nodes.map(n => n.html)]), n: r.passes.length}),
                e => done({bad: [['error', String(e)]], n: 0}))""")
        print(name, word, found["n"], "rules passed")
        if found["bad"] or found["n"] < 10:
            sys.exit("axe, %s %s: %s" % (name, word,
                                         json.dumps(found["bad"], indent=1)))
    look(b, False, False)


def lang(b, tag):
    b.cdp("Network.enable")
    b.cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": tag})
    b.post("/url", url=URL)
    assert b.script("return document.documentElement.lang").startswith(tag)
    shots(b, "page-" + tag, ("light", "dark-phone"))


def press(b, text):
    found = b.post("/element", using="xpath",
                   value="//button[starts-with(normalize-space(.), '%s')]"
                   % text)
    b.post("/element/%s/click" % list(found.values())[0])


def see(b, text):
    shown = ""
    for _ in range(100):        # a press may still be under way
        shown = b.script("return document.readyState == 'complete' && "
                         "document.body ? document.body.innerText : ''")
        if text in shown:
            return
        time.sleep(0.05)
    sys.exit("does not say %r:\n%s" % (text, shown))


def keyboard(b):
    want = b.script("return document.querySelectorAll('button').length")
    reached = set()
    for _ in range(want * 3):
        b.post("/actions", actions=[{"type": "key", "id": "k", "actions": [
            {"type": "keyDown", "value": "\ue004"},
            {"type": "keyUp", "value": "\ue004"}]}])
        got = b.script("const e = document.activeElement;"
                       "return [e.tagName, e.innerText,"
                       "getComputedStyle(e).outlineStyle]")
        if got[0] == "BUTTON":
            assert got[2] != "none", "no visible focus"
            reached.add(got[1])
    assert len(reached) == want, (want, reached)


def nothing(b):
    assert b.get("/cookie") == [], "a cookie"
    here = URL.split("/u/")[0]
    for url in b.script("return performance.getEntriesByType('resource')"
                        ".map(e => e.name)"):
        assert url.startswith(here) or url.startswith("data:"), url
    complaints = b.post("/se/log", type="browser")
    bad = [x["message"] for x in complaints if "favicon" not in x["message"]]
    assert not bad, bad


def main(steps):
    b = Browser()
    try:
        look(b, False, False)
        b.post("/url", url=URL)
        while steps:
            step = steps.pop(0)
            if step == "open":
                b.post("/url", url=URL)
            elif step == "keyboard":
                keyboard(b)
            elif step == "nothing":
                nothing(b)
            else:
                {"press": press, "see": see, "shots": shots,
                 "axe": axe, "lang": lang}[step](b, steps.pop(0))
    finally:
        b.end()


main(sys.argv[5:])
