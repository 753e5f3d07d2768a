"""Uploads that can be resumed (tus 1.0): parts lie hidden in the watched folder, and get a name when they are whole."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from colorizer.durable import sync_file, write_durably
from daemon.config.settings import Config, Folder
from daemon.files.publisher import candidate_names, publish
from daemon.jobs.delivery import leads_out
from daemon.watch.file_filter import wants
from daemon.web.media.disks import Disks, Found
from daemon.web.site.upload_paths import UploadError, safe_path

ID = re.compile(r"[0-9a-f]{32}")
_MOST_OPEN = 200
"""Uploads that are not finished."""
_KEPT_SECONDS = 86_400.0
"""How long an upload may rest before it is forgotten."""
_CHUNK_SECONDS = 60.0
"""Seconds within which the next bytes of a request must come."""
_DISK_SECONDS = 120.0
"""Seconds within which a disk must take what has come; at the end of a large file it may write all of it."""
_NO_ANSWER = "The disk of this folder does not answer at present."
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that is not finished."""

    id: str
    folder: str
    """The watched folder."""
    path: str
    """The path that the file will have in it, unless that is taken."""
    length: int

    @property
    def part(self) -> Path:
        """The file of the bytes that have come; its name is one that the folder ignores."""
        return Path(self.folder) / f".tintd-upload-{self.id}.part"


@dataclass(frozen=True, slots=True)
class Place:
    """A watched folder to which files are uploaded."""

    input: Path
    room: int
    """Bytes that may be uploaded; 0 where the disk is nearly full, or away."""
    problem: str | None
    """Why nothing can be uploaded; None where it can."""


class Uploads:
    """The uploads of a page."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._folder = config.web_folder / "uploads"
        self._locks: dict[str, asyncio.Lock] = {}
        self._disks = Disks()

    async def place(self, folder: Folder) -> Place:
        """What can be uploaded to a watched folder at present."""
        try:
            return await self._disks.ask(
                folder.input, lambda: Place(folder.input, self._room(folder), self._problem(folder))
            )
        except TimeoutError:
            return Place(folder.input, 0, _NO_ANSWER)

    async def create(self, folder: Folder, name: str, length: int) -> Upload:
        """Begin an upload.

        Raises:
            UploadError: name, size or folder do not allow it.

        """
        return await self._ask(folder.input, partial(self._create, folder, name, length))

    async def find(self, number: str) -> tuple[Upload, int]:
        """An upload, and how many of its bytes have come.

        Raises:
            UploadError: there is none.

        """
        upload = await asyncio.to_thread(self._known, number)
        return upload, await self._ask(Path(upload.folder), partial(_size_of, upload))

    async def append(self, number: str, offset: int, body: AsyncIterable[bytes]) -> int:
        """Add the bytes of a request; what has come stays when the request breaks off.

        Returns:
            How many bytes have come in all; with the last of them, the file has its name.

        Raises:
            UploadError: the bytes do not continue the upload, or cannot be written.

        """
        lock = self._locks.setdefault(number, asyncio.Lock())
        if lock.locked():
            raise UploadError(423, "Another request continues this upload.")
        async with lock:
            upload, size = await self.find(number)
            if offset != size:
                raise UploadError(409, f"The upload continues at {size}, not at {offset}.")
            size = await self._write(upload, size, body)
            if size == upload.length:
                await self._ask(Path(upload.folder), partial(self._finish, upload))
        self._locks.pop(number, None)
        return size

    async def remove(self, number: str) -> None:
        """Give an upload up.

        Raises:
            UploadError: there is none.

        """
        upload = await asyncio.to_thread(self._known, number)
        await self._ask(Path(upload.folder), partial(self._remove, upload))

    async def _ask(self, folder: Path, question: Callable[[], Found]) -> Found:
        try:
            return await self._disks.ask(folder, question, _DISK_SECONDS)
        except TimeoutError as error:
            raise UploadError(503, _NO_ANSWER) from error
        except OSError as error:
            raise _refused(error) from error

    async def _write(self, upload: Upload, size: int, body: AsyncIterable[bytes]) -> int:
        """Write what comes to the end of a part; returns its size then."""
        folder, parts = Path(upload.folder), aiter(body)
        file = await self._ask(folder, partial(io.FileIO, upload.part, "r+"))
        try:
            file.seek(size)
            while True:
                try:
                    data = await asyncio.wait_for(anext(parts), _CHUNK_SECONDS)
                except StopAsyncIteration:
                    return size
                except TimeoutError as error:
                    raise UploadError(408, "No bytes came for a while; continue the upload.") from error
                if size + len(data) > upload.length:
                    raise UploadError(413, "More bytes came than the upload was to have.")
                await self._ask(folder, partial(_write_all, file, data))
                size += len(data)
        finally:
            await self._ask(folder, file.close)

    def _problem(self, folder: Folder) -> str | None:
        """Why nothing can be uploaded to a watched folder; None where it can."""
        if wants(folder, folder.input / f".tintd-upload-{'0' * 32}.part"):
            return "Nothing can be uploaded here: the folder's `exclude` does not contain `.*`."
        if not os.access(folder.input, os.W_OK | os.X_OK):
            return "Nothing can be uploaded here: the folder is read-only for tintd."
        return None

    def _room(self, folder: Folder) -> int:
        """Bytes that may be uploaded to a watched folder at present; 0 where its disk is nearly full, or away."""
        try:
            free = shutil.disk_usage(folder.input).free
        except OSError:
            return 0
        return max(0, min(self._config.web.upload_mib * _MIB, free - self._config.work.spare_mib * _MIB))

    def _create(self, folder: Folder, name: str, length: int) -> Upload:
        path = safe_path(name)
        problem = self._problem(folder)
        if problem is not None:
            raise UploadError(403, problem)
        if not wants(folder, folder.input / path):
            raise UploadError(422, "The folder ignores files with such a name.")
        if leads_out((folder.input / path).parent, folder.input, folder):
            raise UploadError(422, "A link leads out of the folder there; `links: follow` permits it.")
        if length > self._config.web.upload_mib * _MIB:
            raise UploadError(413, f"The file is larger than {self._config.web.upload_mib} MiB (`web.upload_mib`).")
        if length > self._room(folder):
            raise UploadError(507, "There is not enough free space on the disk of this folder.")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._forget_old()
        upload = Upload(secrets.token_hex(16), str(folder.input), str(path), length)
        try:
            os.close(os.open(upload.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            write_durably(self._folder / f"{upload.id}.json", json.dumps(asdict(upload)))
        except OSError:
            upload.part.unlink(missing_ok=True)
            raise
        if length == 0:
            self._finish(upload)
        return upload

    def _known(self, number: str) -> Upload:
        """An upload that has been begun.

        Raises:
            UploadError: there is none.

        """
        try:
            if not ID.fullmatch(number):
                raise UploadError(404, "There is no such upload.")
            upload = Upload(**json.loads((self._folder / f"{number}.json").read_text()))
            if self._config.folder_at(Path(upload.folder)) is None:
                raise UploadError(410, "The folder of this upload is no longer watched.")
        except (OSError, ValueError, TypeError) as error:
            raise UploadError(404, "There is no such upload.") from error
        return upload

    def _remove(self, upload: Upload) -> None:
        upload.part.unlink(missing_ok=True)
        (self._folder / f"{upload.id}.json").unlink(missing_ok=True)

    def _finish(self, upload: Upload) -> None:
        """Give a whole file its name, or another one if that is taken: no file is ever replaced."""
        sync_file(upload.part)
        path = Path(upload.path)
        for name in candidate_names(Path(upload.folder), path, path.suffix):
            if not os.path.lexists(name) and publish(upload.part, name, replaces=False):
                break
        (self._folder / f"{upload.id}.json").unlink(missing_ok=True)

    def _forget_old(self) -> None:
        """Remove what nobody has continued for a day."""
        known = sorted(self._folder.glob("*.json"))
        for path in known:
            with suppress(UploadError, OSError):
                upload = self._known(path.stem)
                if _rests_since(upload, path) < time.time() - _KEPT_SECONDS:
                    self._remove(upload)
        if len(known) >= _MOST_OPEN:
            raise UploadError(429, f"There are {_MOST_OPEN} uploads already; wait until one is finished.")


def _size_of(upload: Upload) -> int:
    try:
        return upload.part.stat().st_size
    except FileNotFoundError as error:
        raise UploadError(404, "There is no such upload.") from error


def _rests_since(upload: Upload, record: Path) -> float:
    """When the last bytes of an upload came, in seconds since the epoch; when it was begun if its part is gone."""
    try:
        return upload.part.stat().st_mtime
    except FileNotFoundError:
        return record.stat().st_mtime


def _write_all(file: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _refused(error: OSError) -> UploadError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return UploadError(507 if full else 403, f"The file cannot be written: {error.strerror}.")
