"""A folder of articles, listed by its files' digests; a file is parsed only when its article is asked for."""

import datetime
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from knowledge_base.articles import Article
from knowledge_base.documents import KINDS, read_document
from knowledge_base.errors import UserError
from knowledge_base.sources import Document, FolderSource, Listing

_TEMPORARY = (".", "~", "#")  # hidden files, and the locks and drafts of Word and of editors


def list_folder(source: FolderSource) -> Listing:
    """All article files below a folder, sorted by path; hidden files and editors' temporary files are none.

    Nothing is parsed. Whoever reads a document later gets the article of the bytes that the file then has, with their
    digest. What cannot be opened is left out with its reason.

    Raises:
        UserError: the folder does not exist, or there is no article file in it.
    """
    documents: list[Document] = []
    left_out: list[tuple[str, str]] = []
    for path in sorted(_files(source.path, left_out)):
        file = os.path.join(source.path, path)  # noqa: PTH118  # a Path for each of 10,000 files would take half of the time
        try:
            path.encode()
            documents.append(Document(path, hashlib.sha256(_bytes(file)).hexdigest(), partial(_read, file, path)))
        except UnicodeEncodeError:
            left_out.append((_shown(path), "has a name that is not UTF-8; rename it"))
        except OSError as error:
            left_out.append((path, _cannot(error)))
    if not documents and not left_out:
        instead = "name another folder in the setting `articles`; nothing was changed."
        if not source.path.is_dir():
            raise UserError(f"There are no articles to read, for there is no folder {source.path}: make it or {instead}")
        raise UserError(f"There are no articles (*.md, *.html, *.txt, *.pdf, *.docx) in {source.path}: add some or {instead}")
    return Listing(documents, left_out=tuple(left_out))


def _files(folder: Path, left_out: list[tuple[str, str]]) -> Iterator[str]:
    """The article files below a folder as relative paths."""

    def closed(error: OSError) -> None:
        if Path(error.filename) != folder:
            left_out.append((_shown(Path(error.filename).relative_to(folder).as_posix()), _cannot(error)))

    for place, names in walked(folder, closed):
        inside = place.relative_to(folder).as_posix()
        for name in names:
            if os.path.splitext(name)[1].lower() in KINDS and not name.startswith(_TEMPORARY):  # noqa: PTH122  # as above
                yield name if inside == "." else f"{inside}/{name}"


def walked(folder: Path, closed: Callable[[OSError], None] | None = None) -> Iterator[tuple[Path, list[str]]]:
    """A folder and those below it that are not hidden, with the names of their files; links are followed, each folder once."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, onerror=closed, followlinks=True):
        info = Path(place).stat()
        if (info.st_dev, info.st_ino) in seen:
            folders.clear()
            continue
        seen.add((info.st_dev, info.st_ino))
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(place), names


def _bytes(file: str) -> bytes:
    """A file's content; ``OSError`` where it is none, such as a pipe that would keep its reader waiting."""
    if not stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116  # as above
        raise OSError(errno.EINVAL, "it is no ordinary file")
    with open(file, "rb", buffering=0) as opened:  # noqa: PTH123  # as above
        return opened.read()


def _read(file: str, path: str) -> Article:
    try:
        edited = datetime.date.fromtimestamp(Path(file).stat().st_mtime).isoformat()
        return read_document(_bytes(file), path, edited)
    except FileNotFoundError as error:
        raise ValueError("has gone since it was listed; refresh again") from error
    except OSError as error:
        raise ValueError(_cannot(error)) from error


def _cannot(error: OSError) -> str:
    return f"cannot be opened ({error.strerror}); mend or remove it"


def _shown(path: str) -> str:
    """A path that can be printed and stored, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")
