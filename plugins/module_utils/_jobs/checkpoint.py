# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from which a job can continue: a checkpoint, and files of lines that are only appended to.

All files have mode 0600, since keys can be confidential.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from .._work import InvalidDocument

SCHEMA = "scality.backbeat.checkpoint/1"
# json.dumps creates an encoder in each call.
_encode = json.JSONEncoder(ensure_ascii=False).encode


class Checkpoint:
    """The state of a job, bound to what the job works on (`identity`) and to its options.

    Only one process can use it at a time.
    """

    def __init__(
        self, path: str | Path, identity: Mapping[str, Any], options: Mapping[str, Any]
    ) -> None:
        self.path = Path(path)
        self._identity = _plain(identity)
        self._options = _plain(options)
        self._lock: IO[bytes] | None = None

    def load(self) -> dict[str, Any] | None:
        """The last saved state, None if there is none.

        Raises:
            InvalidDocument: the file belongs to another job, or is not a checkpoint.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            saved = json.loads(text)
            schema, state = saved["schema"], saved["state"]
            differences = [
                *_differences(self._identity, saved["identity"]),
                *_differences(self._options, saved["options"]),
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidDocument(
                f"The file {self.path} is not a checkpoint: name another file, or remove it."
            ) from error
        if schema != SCHEMA:
            raise InvalidDocument(
                f"The checkpoint {self.path} was written by another version of the collection ({schema}): "
                "remove it to start again."
            )
        if differences:
            raise InvalidDocument(
                f"The checkpoint {self.path} belongs to another run ({'; '.join(differences)}): "
                "use the same options to continue that run, or remove the file to start again."
            )
        return dict(state)

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the saved state atomically: after a crash, the file has the old state or the new one."""
        saved = {
            "schema": SCHEMA,
            "identity": self._identity,
            "options": self._options,
            "state": state,
        }
        write_atomically(self.path, json.dumps(saved).encode())

    def remove(self) -> None:
        """Remove the file, because the job is done."""
        self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the checkpoint. Raises InvalidDocument if another process uses it."""
        beside = self.path.with_name(f"{self.path.name}.lock")
        try:
            descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise _unusable(beside, error) from error
        with os.fdopen(descriptor, "r+b") as lock:
            _lock(lock.fileno(), fcntl.LOCK_EX, f"the checkpoint {self.path}")
            yield


def _lock(descriptor: int, how: int, what: str) -> None:
    """Lock an open file until it is closed. Raises InvalidDocument if another process has locked it."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except OSError as error:
        raise InvalidDocument(
            f"Another process uses {what}: wait until it ends, or name another file."
        ) from error


@contextlib.contextmanager
def locked_for_reading(path: str | Path) -> Iterator[None]:
    """Prevent other processes from writing a file of lines. Raises InvalidDocument if one is writing it.

    For a missing or unreadable file it does nothing: the reader reports the error.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        yield
        return
    try:
        _lock(descriptor, fcntl.LOCK_SH, f"the file {path}")
        yield
    finally:
        os.close(descriptor)


class Lines:
    """A file of JSON lines that a job appends to. A checkpoint saves its `size`.

    When it is continued from a size, later lines are removed, also an incomplete last line.
    """

    def __init__(self, path: str | Path, size: int | None = None) -> None:
        """Begin a new file, or continue one from `size`. Raises InvalidDocument if that is impossible."""
        self.path = Path(path)
        fresh = os.O_CREAT if size is None else 0
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_NOFOLLOW | fresh, 0o600)
            self._file = os.fdopen(descriptor, "wb")
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            # Lock before truncating: another process may be writing the file, or reading it.
            _lock(descriptor, fcntl.LOCK_EX, f"the file {self.path}")
            os.fchmod(descriptor, 0o600)
            found = os.fstat(descriptor).st_size
        except OSError as error:
            self._file.close()
            raise _unusable(self.path, error) from error
        except InvalidDocument:
            self._file.close()
            raise
        if size is not None and found < size:
            self._file.close()
            raise InvalidDocument(
                f"The file {self.path} is shorter than its checkpoint says ({found} bytes instead of {size}): "
                "remove the checkpoint to start again."
            )
        self._file.truncate(size or 0)
        self._file.seek(size or 0)
        self.size = size or 0

    @classmethod
    def appended(cls, path: str | Path) -> Lines:
        """Continue a file at its end, or begin a new one. An incomplete last line is removed."""
        try:
            return cls(path, _whole_lines(Path(path)))
        except FileNotFoundError:
            return cls(path)

    def append(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Write entries, one per line. Raises InvalidDocument if that is impossible, as on a full disk."""
        data = b"".join(
            _encode(entry).encode("utf-8", "surrogatepass") + b"\n" for entry in entries
        )
        with self._named():
            self._file.write(data)
        self.size += len(data)

    def flush(self, *, sync: bool = False) -> None:
        """Write buffered entries to the file, and with `sync` to the disk."""
        with self._named():
            self._file.flush()
            if sync:
                os.fsync(self._file.fileno())

    def close(self) -> None:
        with self._named():
            self._file.close()

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _unusable(self.path, error) from error


def _whole_lines(path: Path) -> int:
    """The size of a file's complete lines in bytes. Raises FileNotFoundError or InvalidDocument."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            while end:
                begin = max(0, end - 65536)
                file.seek(begin)
                place = file.read(end - begin).rfind(b"\n")
                if place >= 0:
                    return begin + place + 1
                end = begin
            return 0
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unusable(path, error) from error


def read_lines(path: str | Path, begin: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """The entries from `begin`, each with the offset of the next one; ends at an incomplete or damaged line."""
    with open(path, "rb") as file:
        file.seek(begin)
        offset = begin
        for line in file:
            offset += len(line)
            if not line.endswith(b"\n"):
                return
            try:
                entry = json.loads(line.decode("utf-8", "surrogatepass"))
            except ValueError:
                return
            yield offset, entry


def write_atomically(
    path: Path, data: bytes | Iterable[bytes], *, sync: bool = True, mode: int = 0o600
) -> None:
    """Replace a file with new contents. Raises InvalidDocument if its folder is not writable."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.writelines((data,) if isinstance(data, bytes) else data)
                file.flush()
                if sync:
                    os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
        if sync:
            _sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, error) from error


def require_writable(*paths: str | Path | None) -> None:
    """Raise InvalidDocument for the first of these files that write_atomically could not replace; None is skipped.

    Jobs check this first, because a failure at their end would lose the result.
    """
    for path in (Path(one) for one in paths if one):
        if path.is_dir():
            raise _unusable(path, os.strerror(errno.EISDIR))
        require_writable_folder(path.parent, path)


def require_writable_folder(folder: Path, path: Path | None = None) -> None:
    """Raise InvalidDocument if no file can be created in a folder; `path`: the file for the message."""
    if not folder.is_dir():
        missing = "is no folder" if folder.exists() else "does not exist"
        raise _unusable(path or folder, f"{folder} {missing}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _unusable(path or folder, f"{folder} cannot be written to")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def _differences(mine: Mapping[str, Any], saved: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*mine, *saved)):
        if mine.get(name) != saved.get(name):
            yield f"{name} was {saved.get(name)!r} and is {mine.get(name)!r}"


def _unusable(path: Path, cause: OSError | str) -> InvalidDocument:
    reason = (cause.strerror or cause) if isinstance(cause, OSError) else cause
    return InvalidDocument(f"The file {path} cannot be used: {reason}.")
