"""Files of a bot: private, written whole, and locked between processes as the TypeScript side does it."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import secrets
import socket
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

STALE_LOCK_SECONDS = 30.0
_RETRY_SECONDS = 0.025
_SELF = str(uuid.uuid4())
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----")


def write_private_file(path: Path, data: str) -> None:
    """Writes a file of mode 0600 beside its place, flushes it, and moves it there; new folders get 0700."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o600)
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Holds the lock file `path`: one process at a time does, of either language.

    A lock that is older than 30 s, or whose process is gone, was left behind, and is broken.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            break
        except FileExistsError:
            if _is_left_behind(path):
                path.unlink(missing_ok=True)
            else:
                time.sleep(_RETRY_SECONDS)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n{_SELF}\n{_place()}")
        yield
    finally:
        path.unlink(missing_ok=True)


def certificates_to_pem(certificates: Iterable[bytes]) -> str:
    """Writes certificates, DER, as PEM."""

    def lines(data: bytes) -> str:
        text = base64.b64encode(data).decode()
        body = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
        return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"

    return "".join(lines(data) for data in certificates)


def certificates_from_pem(text: str) -> list[bytes]:
    """Reads the certificates in a PEM text, DER."""
    return [base64.b64decode(body) for body in _CERTIFICATE.findall(text)]


def _is_left_behind(path: Path) -> bool:
    try:
        if time.time() - path.stat().st_mtime > STALE_LOCK_SECONDS:
            return True
        pid, owner, place = (path.read_text("utf-8").split("\n") + ["", ""])[:3]
        if place != _place():
            return False  # Another scope of process IDs, or the file is being written.
        return owner != _SELF if int(pid) == os.getpid() else not _is_alive(int(pid))
    except (OSError, ValueError):
        return False  # The lock has just been released.


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _place() -> str:
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()} {namespace}"
