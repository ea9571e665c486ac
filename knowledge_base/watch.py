"""Watching: refresh on save, and at an interval for the sources in which no save can be seen."""

import os
import threading
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from watchfiles import DefaultFilter, watch

from knowledge_base.change import StoreBusyError
from knowledge_base.documents import KINDS
from knowledge_base.errors import UserError
from knowledge_base.folder import walked
from knowledge_base.listings import CUSTOMERS
from knowledge_base.refresh import RefreshReport, refresh
from knowledge_base.settings import KnowledgeSettings
from knowledge_base.sources import CustomerFile, FolderSource

QUIET_MS = 100
"""Saves that follow each other closer than this are taken together."""
_OF_THE_STORE = ("*.sqlite3*", "*.lock", "vectors-*", "chroma")
_Spellings = tuple[Path, Path]


def watched_paths(settings: KnowledgeSettings) -> list[Path]:
    """The folders and files whose changes can be seen: article folders, exports, the questions, customer files and the wording.

    Raises:
        UserError: there is none of them.
    """
    paths = [source.path if isinstance(source, FolderSource) else source.export for source in settings.articles]
    paths += [source.path for source in settings.customers if isinstance(source, CustomerFile)]
    found = [path for path in paths if path and path.exists()]
    for file in (settings.asked_as, settings.wording):
        if file and file.absolute().parent.is_dir():
            found.append(file)  # though it is missing: no refresh is made until it is there
    if not found:
        raise UserError("None of the sources is a folder or a file that can be watched: run `refresh` from a timer instead.")
    return found


def follow(settings: KnowledgeSettings, stop: threading.Event | None = None) -> Iterator[RefreshReport | UserError]:
    """Refresh now, after every change and at every interval, until interrupted or told to stop.

    A save of an article has the folders and exports read again, all of them, for an article may have moved from one to another;
    a save of the file of questions all sources of articles; a save of account records or of their wording all sources of customers.
    Otherwise help centers that are read by their API, and databases, are asked every ``watch_every`` seconds.

    Yields:
        each refresh's report, or the error that kept it from changing anything; watching goes on.

    Raises:
        UserError: there is nothing to watch.
    """
    paths = watched_paths(settings)
    paths += [target for path in paths for target in _linked(path)]
    # An editor may replace a file instead of writing to it, so its folder is watched.
    folders = {folder for path in paths for folder in ([path] if path.is_dir() else [path.absolute().parent, path.resolve().parent])}
    changes = watch(
        *folders, watch_filter=_Sources(paths, settings.store), step=QUIET_MS, rust_timeout=QUIET_MS, yield_on_timeout=True,
        stop_event=stop, raise_interrupt=True, ignore_permission_denied=True,
    )  # fmt: skip
    outcome: RefreshReport | UserError | None = None
    saved: set[str] = set()
    due = 0.0
    # The first step comes at once and begins to watch, so that nothing saved during the first refresh is missed.
    for changed in changes:
        saved |= {name for _, path in changed for name in _changed(settings, Path(path))}
        whole = time.monotonic() >= due
        if changed or whole or isinstance(outcome, StoreBusyError):
            outcome = _attempt(settings, None if whole else saved)
            if whole and not isinstance(outcome, StoreBusyError):
                due = time.monotonic() + settings.watch_every
            if isinstance(outcome, RefreshReport):
                saved = set()
            yield outcome


def _changed(settings: KnowledgeSettings, path: Path) -> set[str]:
    """The sources to ask after a save, by their names in a refresh."""
    if settings.asked_as and not set(_spellings(path)).isdisjoint(_spellings(settings.asked_as)):
        return {source.name for source in settings.articles}
    of_customers = [source.path for source in settings.customers if isinstance(source, CustomerFile)]
    of_customers += [settings.wording] if settings.wording else []
    if any(not set(_spellings(path)).isdisjoint(_spellings(file)) for file in of_customers):
        return {CUSTOMERS}
    return {source.name for source in settings.articles if isinstance(source, FolderSource) or source.export}


def _linked(folder: Path) -> Iterator[Path]:
    """What the links below a folder lead to, for a save may show only there."""
    for place, names in walked(folder):
        files = [place / name for name in names if Path(name).suffix.lower() in KINDS]
        yield from (path.resolve() for path in (place, *files) if path.is_symlink() and os.access(path, os.R_OK))


class _Sources(DefaultFilter):
    """Lets through the files of the sources, and nothing else that lies in the same folders, such as the store."""

    def __init__(self, paths: list[Path], store: Path) -> None:
        super().__init__()
        self._store = _spellings(store)
        self._folders = [_spellings(path) for path in paths if path.is_dir()]
        self._files = {place for path in paths if not path.is_dir() for place in _spellings(path)}

    def __call__(self, change: object, path: str) -> bool:
        places = _spellings(Path(path))
        if not self._files.isdisjoint(places):
            return True
        no_article = Path(path).suffix.lower() not in KINDS and os.access(path, os.F_OK) and Path(path).is_file()
        inside = not no_article and any(self._holds(folder, places) for folder in self._folders)
        return inside and super().__call__(change, path)  # type: ignore[arg-type]  # its enum

    def _holds(self, folder: _Spellings, places: _Spellings) -> bool:
        """Whether something lies in a folder and is not the store's; the store may lie in the folder, around it, or be it."""
        if not _within(places, folder):
            return False
        if not (_within(places, self._store) and _within(self._store, folder)):
            return True
        return _within(folder, self._store) and not self._kept(places)

    def _kept(self, places: _Spellings) -> bool:
        """Whether something is the store, or what a refresh or the desk writes into it."""
        below = [place.relative_to(store).parts for place in places for store in self._store if place.is_relative_to(store)]
        return any(not parts or fnmatch(parts[0], name) for parts in below for name in _OF_THE_STORE)


def _spellings(path: Path) -> _Spellings:
    """A path as it is named and where it leads to, which differ where there are links."""
    return path.absolute(), path.resolve()


def _within(inner: _Spellings, outer: _Spellings) -> bool:
    return any(place.is_relative_to(folder) for place in inner for folder in outer)


def _attempt(settings: KnowledgeSettings, only: set[str] | None) -> RefreshReport | UserError:
    try:
        return refresh(settings, only=only)
    except UserError as error:
        return error
