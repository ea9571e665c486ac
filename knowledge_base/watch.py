"""Watching: refresh on save."""

import threading
from collections.abc import Iterator
from pathlib import Path

from watchfiles import DefaultFilter, watch

from knowledge_base.errors import UserError
from knowledge_base.refresh import RefreshReport, refresh
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.sources import CustomerFile, FolderSource

QUIET_MS = 100
"""Saves that follow each other closer than this are taken together."""


def watched_paths(settings: KnowledgeSettings) -> list[Path]:
    """The folders and files whose changes can be seen: article folders, customer files and the wording.

    Raises:
        UserError: there is none of them.
    """
    paths = [source.path for source in settings.articles if isinstance(source, FolderSource)]
    paths += [source.path for source in settings.customers if isinstance(source, CustomerFile)]
    found = [path for path in [*paths, settings.wording] if path.exists()]
    if not found:
        raise UserError("None of the sources is a folder or a file that can be watched: run `refresh` from a timer instead.")
    return found


def follow(settings: KnowledgeSettings, stop: threading.Event | None = None) -> Iterator[RefreshReport | UserError]:
    """Refresh now and after every change, until interrupted or told to stop.

    Yields:
        each refresh's report, or the error that kept it from changing anything; watching goes on.

    Raises:
        UserError: there is nothing to watch.
    """
    paths = watched_paths(settings)
    # An editor may replace a file instead of writing to it, so its folder is watched.
    folders = {path if path.is_dir() else path.resolve().parent for path in paths}
    changes = watch(
        *folders, watch_filter=_Sources(paths, settings.store), step=QUIET_MS, rust_timeout=QUIET_MS, yield_on_timeout=True,
        stop_event=stop, raise_interrupt=True,
    )  # fmt: skip
    # The first step begins to watch, so that nothing saved during the first refresh is missed.
    next(changes)
    yield _attempt(settings)
    for changed in changes:
        if changed:
            yield _attempt(settings)


class _Sources(DefaultFilter):
    """Lets through the files of the sources, and nothing else that lies in the same folders, such as the store."""

    def __init__(self, paths: list[Path], store: Path) -> None:
        super().__init__()
        self._store = store.resolve()
        self._folders = [path.resolve() for path in paths if path.is_dir()]
        self._files = {path.resolve() for path in paths if not path.is_dir()}

    def __call__(self, change: object, path: str) -> bool:
        place = Path(path).resolve()
        inside = any(place.is_relative_to(folder) for folder in self._folders) and not place.is_relative_to(self._store)
        return place in self._files or (inside and super().__call__(change, path))  # type: ignore[arg-type]  # its enum


def _attempt(settings: KnowledgeSettings) -> RefreshReport | UserError:
    try:
        return refresh(settings)
    except UserError as error:
        return error
