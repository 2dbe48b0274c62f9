"""What goes wrong under rooms: locks, full and read-only disks, damage, many at once, kills."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unsc_core.errors import RoomError, StoreError
from unsc_core.rooms import Rooms, database

FORK = multiprocessing.get_context("fork")


def in_another_process(act: Callable[[], Any]) -> Any:
    """What `act` returns, or the message of the UnscError that it raises."""
    receiving, sending = FORK.Pipe(duplex=False)

    def run() -> None:
        try:
            sending.send(act())
        except (RoomError, StoreError) as error:
            sending.send(str(error))

    process = FORK.Process(target=run)
    process.start()
    sending.close()
    found = receiving.recv()
    process.join()
    return found


def test_a_locked_file_is_waited_for_then_said_in_one_sentence(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE_S", 0.1)
    rooms = Rooms()
    opened = rooms.open()
    holder = sqlite3.connect(rooms.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"in use by others for 0.1 seconds.*nothing.*try again\."):
        rooms.join(opened.code, "a")
    assert len(rooms.state(opened.code).people) == 1  # nobody waits to read
    holder.execute("ROLLBACK")
    rooms.join(opened.code, "a")
    assert len(rooms.state(opened.code).people) == 2


def test_a_lock_that_ends_in_time_is_not_noticed(home: Path) -> None:
    rooms = Rooms()
    opened = rooms.open()
    held, free = FORK.Event(), FORK.Event()

    def hold() -> None:
        db = sqlite3.connect(rooms.path, isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        held.set()
        free.wait(0.3)
        db.execute("COMMIT")

    process = FORK.Process(target=hold)
    process.start()
    assert held.wait(20)
    rooms.join(opened.code, "a")
    process.join()
    assert len(rooms.state(opened.code).people) == 2


def test_a_full_disk_loses_nothing(home: Path) -> None:
    rooms = Rooms()
    opened = rooms.open()
    rooms.move(opened.code, opened.token, "one", 0)
    rooms.answer(opened.code, opened.token, "one", 0, "before")

    def fill() -> str:
        sizes = [file.stat().st_size for file in home.iterdir()]
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes), max(sizes)))
        for i in range(200):
            rooms.join(opened.code, f"{i} {'x' * 30}")
        return ""

    message = in_another_process(fill)
    assert str(rooms.path) in message
    assert "nothing was changed; make room" in message
    assert rooms.answered(opened.code, opened.token, "one", 0) == "before"
    before = len(rooms.state(opened.code).people)
    rooms.join(opened.code, "after")
    assert len(rooms.state(opened.code).people) == before + 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="drops root's rights")
def test_a_read_only_folder_is_said_in_one_sentence(home: Path) -> None:
    rooms = Rooms()
    opened = rooms.open()

    def join_as_nobody() -> str:
        for folder in (home, *home.parents):
            if folder.owner() == "root" and folder != Path("/"):
                folder.chmod(folder.stat().st_mode | 0o055)
        os.setgid(65534)
        os.setuid(65534)
        rooms.join(opened.code, "a")
        return ""

    message = in_another_process(join_as_nobody)
    assert "cannot be written" in message
    assert "permissions" in message
    assert [p.name for p in rooms.state(opened.code).people] == ["Teacher"]


def test_a_file_in_place_of_the_folder_is_said_in_one_sentence(home: Path) -> None:
    home.write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot be opened .*UNSC_HOME elsewhere\."):
        Rooms().open()


@pytest.mark.parametrize("content", [b"no database at all" * 300, b"SQLite format 3\0" + b"x" * 99])
def test_a_damaged_file_is_named(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "rooms.sqlite").write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged .*; move the file away to start anew\."):
        Rooms().open()
    assert (home / "rooms.sqlite").read_bytes() == content


def test_many_processes_open_and_answer_at_once(home: Path) -> None:
    opened = Rooms().open()
    Rooms().move(opened.code, opened.token, "one", 0)

    def take_part(i: int) -> None:
        rooms = Rooms()
        joined = rooms.join(opened.code, "same name")
        for value in range(10):
            rooms.answer(opened.code, joined.token, "one", 0, 100 * i + value)
            rooms.me(opened.code, joined.token)

    processes = [FORK.Process(target=take_part, args=(i,)) for i in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6
    state = Rooms().state(opened.code)
    assert sorted(state.answers) == [100 * i + 9 for i in range(6)]
    assert len({person.name for person in state.people}) == 7
    assert state.version == 1 + 1 + 6 + 60  # opened, moved, joined, answered


def test_the_first_room_is_opened_by_many_processes_at_once(home: Path) -> None:
    start = FORK.Event()

    def open_one() -> None:
        start.wait()
        Rooms().open()

    processes = [FORK.Process(target=open_one) for _ in range(8)]
    for process in processes:
        process.start()
    start.set()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    with sqlite3.connect(home / "rooms.sqlite") as db:
        assert db.execute("SELECT count(*) FROM rooms").fetchone() == (8,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_killed_server_loses_no_answer(home: Path) -> None:
    rooms = Rooms()
    opened = rooms.open()
    receiving, sending = FORK.Pipe(duplex=False)

    def answer_for_ever() -> None:
        joined = rooms.join(opened.code, "a")
        for value in range(10**6):
            rooms.answer(opened.code, joined.token, "one", 0, value)
            sending.send(value)

    process = FORK.Process(target=answer_for_ever)
    process.start()
    while receiving.recv() < 20:
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    last = 20
    while receiving.poll():
        last = receiving.recv()
    (found,), _ = rooms.answers(opened.code, "one", 0)
    assert found in (last, last + 1)
    rooms.join(opened.code, "b")
