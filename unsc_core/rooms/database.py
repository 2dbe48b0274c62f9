"""The SQLite file of the rooms: its tables, and its failures in one sentence each.

Several server processes may use one file: it is in WAL mode, in which nobody waits for a reader,
and who wants to write waits for at most `PATIENCE_S`.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unsc_core.errors import StoreError, os_errors_as

PATIENCE_S = 5.0
"""How long a writer waits for others, in seconds."""
TABLES = """
CREATE TABLE rooms (
    code TEXT PRIMARY KEY,
    key_hash BLOB NOT NULL,
    created REAL NOT NULL,           -- seconds since 1970
    version INTEGER NOT NULL,        -- grows with every change that others should see
    presenter INTEGER,               -- a person's id
    lesson TEXT NOT NULL DEFAULT '',
    step INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE people (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT NOT NULL REFERENCES rooms(code) ON DELETE CASCADE,
    token_hash BLOB NOT NULL,
    name TEXT NOT NULL,
    teacher INTEGER NOT NULL,
    seen REAL NOT NULL               -- seconds since 1970
);
CREATE UNIQUE INDEX people_by_name ON people(room, name);
CREATE TABLE answers (
    room TEXT NOT NULL REFERENCES rooms(code) ON DELETE CASCADE,
    lesson TEXT NOT NULL,
    step INTEGER NOT NULL,
    person INTEGER NOT NULL,
    value TEXT NOT NULL,             -- JSON: a number or a text
    PRIMARY KEY (room, lesson, step, person)
) WITHOUT ROWID;
CREATE TABLE reveals (
    room TEXT NOT NULL REFERENCES rooms(code) ON DELETE CASCADE,
    lesson TEXT NOT NULL,
    step INTEGER NOT NULL,
    PRIMARY KEY (room, lesson, step)
) WITHOUT ROWID;
CREATE TABLE entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT NOT NULL REFERENCES rooms(code) ON DELETE CASCADE,
    challenge TEXT NOT NULL,
    person INTEGER NOT NULL,
    run TEXT NOT NULL,               -- the key of a stored experiment
    measured TEXT NOT NULL,          -- JSON: what the server read of that run
    UNIQUE (room, challenge, person, run)
);
PRAGMA user_version = 1;
"""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection on which everything is read from one moment.

    Raises:
        StoreError: the file cannot be opened or read, one sentence.
    """
    with _connected(path) as connection, _transaction(connection, "BEGIN"):
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose changes are all made at the end, or none of them after an exception.

    Raises:
        StoreError: the file cannot be written, one sentence; then nothing has changed.
    """
    with _connected(path) as connection, _transaction(connection, "BEGIN IMMEDIATE"):
        yield connection


def kept_open(path: Path) -> sqlite3.Connection:
    """A connection for a server to keep: while there is one, changes are five times as fast.

    Whoever closes the last connection makes SQLite move the log into the file.

    Raises:
        StoreError: the file cannot be opened or read, one sentence.
    """
    with reading(path):
        pass  # the tables exist now
    kept = sqlite3.connect(path, check_same_thread=False)
    kept.execute("SELECT count(*) FROM rooms").fetchone()
    return kept


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    what = f"The rooms in {path} cannot be opened"
    with os_errors_as(StoreError, what, "make room or set UNSC_HOME elsewhere"):
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")  # in WAL mode a crash damages nothing
        connection.execute("PRAGMA foreign_keys = ON")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            _create(connection)
        yield connection
    except sqlite3.Error as error:
        raise StoreError(_sentence(path, error)) from None
    finally:
        if connection is not None:
            connection.close()


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables, unless another process is faster."""
    _use_wal(connection)
    with _transaction(connection, "BEGIN EXCLUSIVE"):
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in TABLES.split(";"):
                connection.execute(statement)


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite does not wait for a lock when it changes this mode, so it is waited for here."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # a full disk may have ended it already
            connection.execute("ROLLBACK")
        raise


def _code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code; None where Python raised the error itself."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _sentence(path: Path, error: sqlite3.Error) -> str:
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"The rooms in {path} were in use by others for {PATIENCE_S:g} seconds, and nothing "
            "was changed; try again."
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
        return f"The rooms in {path} are damaged ({error}); move the file away to start anew."
    return (
        f"The rooms in {path} cannot be written ({error}), and nothing was changed; make room, "
        "check the folder's permissions or set UNSC_HOME elsewhere."
    )
