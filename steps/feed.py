"""What the workbench is told live: which rows changed, never the rows themselves.

One thread per process gathers what happened and sends it as ephemeral events of an internal stream: each thing once per
moment, bounded, past every transaction and table. What is lost here costs a page a moment: it reads the rows again by
the clock, too.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django.utils.crypto import salted_hmac

from streams.bus import attached, bus, changed, committed
from streams.changes import Address, Change
from streams.gauges import gauges
from streams.protocol import Json, event_frame
from streams.roster import connected
from streams.state import NAME as STATE
from streams.state import state

from .samples import connections, counted, thinned

log = logging.getLogger(__name__)

Topic = Literal["runs", "streams", "processes", "connections"]
"""``runs``: runs that were made, claimed, written down or ended. ``streams``: groups that changed. ``processes``: what
each process that writes or serves has done so far. ``connections``: who is connected to it."""

PERMISSIONS: Mapping[Topic, str] = {
    "runs": "steps.view_run",
    "streams": "streams.view_group",
    "processes": "steps.view_workbench",
    "connections": "streams.view_lease",
}
STREAM = "streams:workbench"
GATHER_S = 0.2
MOST = 100  # things of one message; of more, ``more`` says that there were
SAMPLE_S, SILENT_S = 1.0, 5.0  # between two samples of a process; of one that does nothing


def group_of(topic: Topic) -> str:
    """Return the group of *topic*: pages that may follow it are told its name, others cannot guess it.

    A user id alone would prove too little: ``authenticate_stream`` may name people who are no users of Django's.
    """
    return f"{topic}.{salted_hmac('steps.feed', topic, algorithm='sha256').hexdigest()[:32]}"


class Feed:
    """What this process has yet to say. Safe to use from any thread, and after a fork."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._news: dict[Topic, dict[str, Json]] = {}
        self._more: set[Topic] = set()
        self._wake = threading.Condition(threading.Lock())
        self._thread: threading.Thread | None = None
        self._sampled_at = 0.0
        self._last: tuple[int, ...] = ()
        self.serving = self.writing = False

    def note(self, topic: Topic, key: str, fact: Json) -> None:
        """Say *fact* soon; of several about one *key* the last one counts. Returns at once, never raises."""
        if self._process != os.getpid():
            self._begin()
        with self._wake:
            sleeps = not self._news
            known = self._news.setdefault(topic, {})
            if key in known or len(known) < MOST:
                known[key] = fact
            else:
                self._more.add(topic)
            if sleeps:  # one wake-up for all that comes until the thread looks
                self._wake_up()

    def run(self, id: str, state: str, step: str = "", trace: str = "") -> None:
        """Say that a run is in *state* now, or has more to show."""
        self.note("runs", id, {"id": id, "state": state, "step": step, "trace": trace})

    def work(self, *, serving: bool = False) -> None:
        """Say from now on what this process does. serving: it has subscribers."""
        if self._process != os.getpid():
            self._begin()
        with self._wake:
            self.serving, self.writing = self.serving or serving, True
            self._wake_up()

    def _wake_up(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="steps-feed", daemon=True)
            self._thread.start()
        self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._news:
                    self._wake.wait(SAMPLE_S if self.writing else None)
            time.sleep(GATHER_S)
            with self._wake:
                news, more = self._news, self._more
                self._news, self._more = {}, set()
            try:
                for topic, known in news.items():
                    send(topic, {topic: list(known.values()), "more": topic in more})
                self._sample()
            except Exception as error:  # noqa: BLE001 - this thread must not end
                log.warning("the workbench was not told", extra={"action": "feed_failed", "reason": repr(error)})

    def _sample(self) -> None:
        """Say what this process has done so far, the less often the less it does."""
        silent = time.monotonic() - self._sampled_at
        if not self.writing or silent < SAMPLE_S:
            return
        here = connected()
        reading = gauges.read() if silent >= SILENT_S or self._last != (*gauges.counts(), here) else None
        if reading is None:
            return
        self._sampled_at, self._last = time.monotonic(), (reading.changes, reading.frames, here)
        sample: dict[str, Json] = {
            "process": bus.origin,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "serving": self.serving,
            "at": time.time() * 1000,
            "changes": reading.changes,
            "frames": reading.frames,
            "connections": here,
            "polled": bus.polled(),
            "times": [round(one, 2) for one in thinned(reading.times)],
            "counters": counted(),
        }
        send("processes", {"processes": [sample], "more": False})
        if self.serving:
            there: Json = {"process": bus.origin, "pid": os.getpid(), "count": here, "those": connections()}
            send("connections", {"connections": [there], "more": False})


feed = Feed()


def send(topic: Topic, data: Mapping[str, Json]) -> None:
    """Send an event of *topic* to the pages that follow it now."""
    address = Address(STREAM, group_of(topic))
    now_ms = time.time_ns() // 1_000_000
    bus.send(address, None, event_frame(address, None, {"type": topic, "data": dict(data)}, now_ms))


def connect() -> None:
    """Listen to what this process writes and serves; called once, by the app's ``ready()``."""
    committed.connect(_committed, dispatch_uid="steps.feed")
    changed.connect(_changed, dispatch_uid="steps.feed")
    attached.connect(_attached, dispatch_uid="steps.feed")


def _attached(**_: Any) -> None:
    feed.work(serving=True)


def _committed(address: Address, changes: Sequence[Change], **_: Any) -> None:
    gauges.wrote(len(changes) or 1)
    if not feed.writing:
        feed.work()
    _tell(address)


def _changed(change: Change, **_: Any) -> None:
    if change.stream == STATE:  # nobody else is told of its commits
        state.store.on_commit(lambda: _tell(change.address))


def _tell(address: Address) -> None:
    feed.note("streams", f"{address.stream}/{address.group}", {"stream": address.stream, "group": address.group})
