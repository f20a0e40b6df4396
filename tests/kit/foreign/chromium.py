"""A real Chromium without a screen, spoken to over a pipe.

The DevTools protocol needs no library that way: JSON texts, a zero byte after each,
on the browser's descriptors 3 and 4. When its end of the pipe closes, Chromium
ends by itself, so nothing is left behind even by a test run that was killed.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Chromium", "Failed", "Page"]

PATIENCE_S = 20.0
"""Seconds that anything may take. Generous: it only ends what hangs."""

_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--lang=en",
    "--hide-scrollbars",
)

_PLUMBING = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 64) for number in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.closerange(5, 128)
os.execv(sys.argv[3], sys.argv[3:])
"""

Json = dict[str, Any]


class Failed(Exception):
    """Chromium said no, or did not say anything in time."""


class Chromium:
    """One browser process; `page()` opens a tab with cookies of its own."""

    def __init__(self, program: str, home: Path, *flags: str) -> None:
        to_child, self._write_end = os.pipe()
        self._read_end, from_child = os.pipe()
        command = [program, *_FLAGS, f"--user-data-dir={home / 'profile'}", *flags, "about:blank"]
        with (home / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-ISc", _PLUMBING, str(to_child), str(from_child), *command],
                pass_fds=(to_child, from_child),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC"},
                start_new_session=True,
            )
        os.close(to_child)
        os.close(from_child)
        self._news = threading.Condition()
        self._last_id = 0
        self._answers: dict[int, Json] = {}
        self._hear: dict[str, Callable[[str, Json], None]] = {}
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="chromium", daemon=True)
        self._reader.start()

    def call(
        self,
        method: str,
        params: Json | None = None,
        *,
        session: str | None = None,
        timeout_s: float = PATIENCE_S,
    ) -> Json:
        """One command and its result. Raises `Failed`."""
        message: Json = {"method": method, "params": params or {}}
        if session is not None:
            message["sessionId"] = session
        with self._news:
            self._last_id += 1
            number = message["id"] = self._last_id
            text = json.dumps(message).encode() + b"\0"
            while text and not self._ended:
                text = text[os.write(self._write_end, text) :]
            self._news.wait_for(lambda: number in self._answers or self._ended, timeout_s)
            answer = self._answers.pop(number, None)
        if answer is None:
            raise Failed(f"{method}: no answer")
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}")
        result: Json = answer["result"]
        return result

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A tab that shares no cookies, cache or history with another, and keeps none."""
        context = self.call("Target.createBrowserContext")
        try:
            yield self._tab(context)
        finally:
            with suppress(Failed):
                self.call("Target.disposeBrowserContext", context)

    def everyday_page(self) -> Page:
        """A tab of the profile, which keeps on disk what a browser keeps."""
        return self._tab({})

    def _tab(self, context: Json) -> Page:
        target = self.call("Target.createTarget", {"url": "about:blank", **context})
        attached = self.call("Target.attachToTarget", {**target, "flatten": True})
        page = Page(self, attached["sessionId"])
        self._hear[attached["sessionId"]] = page.hear
        page.begin()
        return page

    def _read(self) -> None:
        rest = b""
        while piece := os.read(self._read_end, 1 << 20):
            *messages, rest = (rest + piece).split(b"\0")
            for text in messages:
                self._take(json.loads(text))
        with self._news:
            self._ended = True
            self._news.notify_all()

    def _take(self, message: Json) -> None:
        if "id" in message:
            with self._news:
                self._answers[message["id"]] = message
                self._news.notify_all()
        elif hear := self._hear.get(message.get("sessionId", "")):
            hear(message["method"], message["params"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(Failed):
            self.call("Browser.close", timeout_s=5)
        os.close(self._write_end)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            # Its helpers too: they are in the session that was made for it, and nobody else.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)
        self._reader.join(5)
        os.close(self._read_end)


class Page:
    """One tab, and the hands and eyes of the person in front of it."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        self.problems: list[str] = []
        """Errors and warnings of the console, refusals of the policy, issues of the browser."""
        self.requests: list[Json] = []
        """What the tab asked for: `url`, `method`, perhaps `postData`."""

    def begin(self) -> None:
        for domain in ("Page", "Runtime", "Log", "Audits", "Network", "Security"):
            self.call(f"{domain}.enable")

    def call(self, method: str, params: Json | None = None) -> Json:
        return self._browser.call(method, params, session=self._session)

    def hear(self, method: str, params: Json) -> None:
        if method == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
            entry = params["entry"]
            self.problems.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("warning", "error"):
            self.problems.append(f"console: {params['args']}")
        elif method == "Runtime.exceptionThrown":
            self.problems.append(f"exception: {params['exceptionDetails']['text']}")
        elif method == "Audits.issueAdded":
            self.problems.append(f"issue: {json.dumps(params['issue'])}")
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"])

    # ---- what a person does ------------------------------------------------------

    def open(self, url: str) -> None:
        """Type an address. Returns when something of it is shown, an error page too."""
        self.call("Page.navigate", {"url": url})

    def type(self, selector: str, text: str) -> None:
        """Click into a field, empty it and type."""
        self.press(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).select()")
        for character in text:
            self._key(character, character)

    def press(self, selector: str) -> None:
        """Wait for an element, and click in its middle."""
        element = f"document.querySelector({json.dumps(selector)})"
        self.wait_for(f"!!{element} && document.readyState === 'complete'")
        x, y = self.evaluate(
            f"(e => {{ e.scrollIntoView({{block: 'center', behavior: 'instant'}});"
            "const r = e.getBoundingClientRect();"
            f"return [r.x + r.width / 2, r.y + r.height / 2] }})({element})"
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1},
            )

    def enter(self) -> None:
        """The Enter key, wherever the cursor is."""
        self._key("Enter", "\r", code=13)

    def type_key(self, character: str) -> None:
        """A key that types this character, wherever the cursor is."""
        self._key(character, character)

    def key(self, key: str, *, code: int) -> None:
        """A key that types nothing, such as Tab; `code` is its Windows virtual key code."""
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code},
            )

    def reload(self) -> None:
        self.call("Page.reload")

    def back(self) -> None:
        """The back button."""
        entries = self.call("Page.getNavigationHistory")
        before = entries["entries"][entries["currentIndex"] - 1]
        self.call("Page.navigateToHistoryEntry", {"entryId": before["id"]})

    def _key(self, key: str, text: str, *, code: int = 0) -> None:
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if kind == "keyDown" else {}
            more = {"windowsVirtualKeyCode": code} if code else {}
            self.call("Input.dispatchKeyEvent", {"type": kind, "key": key, **typed, **more})

    # ---- what a person sees ------------------------------------------------------

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page, a promise's too. Raises `Failed`."""
        answer = self.call(
            "Runtime.evaluate",
            {"expression": expression, "returnByValue": True, "awaitPromise": True},
        )
        if "exceptionDetails" in answer:
            raise Failed(f"{expression[:80]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait_for(self, expression: str, timeout_s: float = PATIENCE_S) -> None:
        """Until an expression is true, through any number of page changes."""
        until = time.monotonic() + timeout_s
        while True:
            with suppress(Failed):  # the page is just being exchanged
                if self.evaluate(expression):
                    return
            if time.monotonic() > until:
                raise AssertionError(f"{expression} did not come true on {self.seen()}")
            time.sleep(0.005)

    def wait_for_heading(self, text: str) -> None:
        """Until a whole page with this heading is shown."""
        self.wait_for(
            f"document.querySelector('h1')?.innerText === {json.dumps(text)}"
            " && document.readyState === 'complete'"
        )

    @property
    def address(self) -> str:
        """The address bar."""
        return str(self.evaluate("location.href"))

    @property
    def text(self) -> str:
        """The words on the page."""
        return str(self.evaluate("document.body.innerText"))

    @property
    def history(self) -> list[str]:
        """Every address that the back and forward buttons know."""
        entries = self.call("Page.getNavigationHistory")["entries"]
        return [each["url"] for each in entries]

    def seen(self) -> str:
        """Address and words, for a message about a failure."""
        with suppress(Failed):
            return f"{self.address}\n{self.text}\n{self.problems}"
        return "a page that does not answer"

    def screenshot(self, file: Path) -> None:
        """The whole page as a PNG file."""
        taken = self.call(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True}
        )
        file.write_bytes(base64.b64decode(taken["data"]))

    def look(self, *, width: int, scheme: str) -> None:
        """A window of this many pixels, and `light` or `dark`."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        self.call(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )

    def trust_any_certificate(self) -> None:
        """As a person who clicks the warning away."""
        self.call("Security.setIgnoreCertificateErrors", {"ignore": True})
