"""Merged models kept in the store: each made once, beside it its digest, and only those of the active and the former voice kept."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from assistant.base_model import file_digest
from assistant.errors import UserError
from assistant.merge import merge
from assistant.settings import Settings
from assistant.voices import Card, Voice, read_card, read_pointer, voice_folder

LOCK_WAIT = 300.0
"""Seconds to wait for another process that merges; a merge of a small model takes less than ten."""


def merged_model(base: Path, voice: Voice, settings: Settings) -> tuple[Path, bool]:
    """The base model with a voice merged in, as a file, and whether it was made just now; a damaged file is made anew.

    Raises:
        UserError: the voice does not fit the base model, or the disk is full.
    """
    target = _place(voice.card, settings)
    if _whole(target):
        return target, False
    with _locked(target.parent):
        if _whole(target):
            return target, False
        for leftover in target.parent.glob("*.partial"):
            leftover.unlink()
        _digest(target).unlink(missing_ok=True)
        merge(base, voice.folder, target)
        _digest(target).write_text(f"{file_digest(target)}\n", "ascii")
        _prune(target, settings)
    return target, True


def _place(card: Card, settings: Settings) -> Path:
    key = hashlib.sha256(f"{card.adapter_digest} {card.base_digest}".encode()).hexdigest()[:16]
    return settings.store / "merged" / f"{card.name}-{key}.gguf"


def _digest(merged: Path) -> Path:
    """The file beside a merged model that holds its SHA-256."""
    return merged.with_name(f"{merged.name}.sha256")


def _whole(merged: Path) -> bool:
    """Whether a merged model is there as it was made; reading all of 130 MB takes 0.1 s, and a torn one may load and babble."""
    try:
        return _digest(merged).read_text("ascii").strip() == file_digest(merged)
    except (OSError, UnicodeDecodeError):
        return False


def _prune(made: Path, settings: Settings) -> None:
    kept = {made}
    with suppress(UserError):
        pointer = read_pointer(settings)
        for name in filter(None, (pointer.folder, pointer.former)):
            with suppress(UserError):
                kept.add(_place(read_card(voice_folder(name, settings)), settings))
    for path in set(made.parent.glob("*.gguf*")) - kept - set(map(_digest, kept)):
        path.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "merge.lock", timeout=LOCK_WAIT):
            yield
    except Timeout as error:
        raise UserError(f"Another process is merging a voice in {folder}: wait for it to end and try again.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"{error.filename or folder} cannot be read or written ({reason}): check the path and the disk.") from error
