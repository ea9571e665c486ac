"""Memory handed out blank: Chroma writes parts of its graph's files without having filled them.

What such memory held before, a text that was read and freed, would stand in the store's files, after a purge as well. Left
over are a few hundred bytes that Chroma's own threads hand to themselves, in which it keeps pointers and counts.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PERTURB = -6
"""glibc's ``M_PERTURB``: the complement of the byte fills memory that is handed out, the byte itself what is given back."""
_mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
_lock = threading.Lock()
_within = {"blank": 0, "plain": 0}
"""How many ask for either at present, in all threads: the setting is the process's."""


@contextmanager
def blank_memory() -> Iterator[None]:
    """Within it, whatever C code of this process asks of the memory comes as zeros. Other C libraries than glibc do not offer it.

    All that is asked for is filled, so a spoiled file that has a graph ask for gigabytes must be read in ``plain_memory``.
    """
    _enter("blank", 1)
    try:
        yield
    finally:
        _enter("blank", -1)


@contextmanager
def plain_memory() -> Iterator[None]:
    """Within it memory comes as it is, whoever wants it blank."""
    _enter("plain", 1)
    try:
        yield
    finally:
        _enter("plain", -1)


def _enter(kind: str, step: int) -> None:
    with _lock:
        _within[kind] += step
        if _mallopt:
            _mallopt(_PERTURB, 0xFF if _within["blank"] and not _within["plain"] else 0)
