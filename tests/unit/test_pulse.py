"""What a process says by a page of memory, to those that it was forked from."""

from __future__ import annotations

import mmap
import os

from feedsvc.pulse import Pulse


def test_a_beat_of_a_forked_process_is_seen() -> None:
    pulse = Pulse()
    pid = os.fork()
    if pid == 0:
        pulse.beat(7.5)
        pulse.say_at_work(["macro", "tech.archive"])
        os._exit(0)
    os.waitpid(pid, 0)
    assert (pulse.count, pulse.patience_seconds, pulse.at_work) == (1, 7.5, ["macro", "tech.archive"])


def test_only_what_one_that_ended_badly_was_at_is_suspected_and_once() -> None:
    pulse = Pulse()
    pulse.say_at_work(["macro"])
    assert list(pulse.take_suspects()) == []
    assert list(pulse.at_work) == []
    pulse.say_at_work(["macro"])
    pulse.note_ended()
    assert list(pulse.take_suspects()) == ["macro"]
    assert list(pulse.take_suspects()) == []


def test_no_more_is_said_than_there_is_room_for() -> None:
    pulse = Pulse()
    names = [f"section-{number}" for number in range(mmap.PAGESIZE)]
    pulse.say_at_work(names)
    said = list(pulse.at_work)
    assert said == names[: len(said)]
    assert len(" ".join(said)) > mmap.PAGESIZE - 100
