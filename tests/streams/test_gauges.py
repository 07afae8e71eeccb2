"""Gauges: what a process does, counted once per message."""

import os
import threading
import time

import pytest

from streams.gauges import Gauges


def frame(ms_ago: float) -> str:
    return f'{{"timestamp":{time.time() * 1000 - ms_ago:.3f},"streamName":"s"}}'


def test_counts_only_grow_and_times_are_read_once() -> None:
    gauges = Gauges()
    gauges.wrote(3)
    gauges.delivered(frame(50), changes=2, sockets=10)
    gauges.delivered(frame(70), changes=1, sockets=10)
    reading = gauges.read()
    assert (reading.changes, reading.frames) == (3, 30)
    first, second = reading.times
    assert first >= 50
    assert second >= 70
    again = gauges.read()
    assert (again.changes, again.frames, again.times) == (3, 30, ())


@pytest.mark.parametrize("text", [None, '{"streamName":"s","id":"i"}'])
def test_what_does_not_say_when_it_was_written_is_counted_all_the_same(text: str | None) -> None:
    gauges = Gauges()
    gauges.delivered(text, changes=1, sockets=2)
    assert gauges.read().frames == 2
    assert gauges.read().times == ()


def test_nobody_there_takes_no_time() -> None:
    gauges = Gauges()
    gauges.delivered(frame(5), changes=1, sockets=0)
    reading = gauges.read()
    assert (reading.frames, reading.times) == (0, ())


def test_a_writer_with_a_fast_clock_is_not_before_its_time() -> None:
    gauges = Gauges()
    gauges.delivered(frame(-60_000), changes=1, sockets=1)
    assert gauges.read().times == (0.0,)


def test_threads_lose_nothing() -> None:
    gauges = Gauges()
    threads = [threading.Thread(target=lambda: [gauges.wrote(1) for _ in range(2000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gauges.counts() == (16_000, 0)


def test_a_fork_counts_for_itself() -> None:
    from streams.gauges import gauges

    gauges.wrote(1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(gauges.counts()[0]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"0"
    os.close(reading)
    os.close(writing)
