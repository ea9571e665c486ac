"""The files of a Chroma graph, read before Chroma reads them: it takes what stands behind the end of a file for numbers.

A graph whose file of links was cut short once asked for 20 GB that way, and a process that is killed for its memory mends
nothing. The format is that of hnswlib as Chroma keeps it: https://github.com/chroma-core/hnswlib.
"""

import struct
from pathlib import Path

_HEADER = struct.Struct("<iQQQQ")
"""Version of the format, offset, elements that there is room for, elements, bytes of an element in the lowest level."""
_VERSION = 1
_LINKS = struct.Struct("<I")
"""How many bytes of links in the higher levels follow, for one element."""
_LENGTH = 4


def unwritten(graph: Path) -> bool:
    """Whether a folder of Chroma's graph holds no vectors yet: whoever opens it then writes its files, readers as well."""
    try:
        _, _, most, count, size = _HEADER.unpack_from((graph / "header.bin").read_bytes())
        return bool(count == 0 and (graph / "data_level0.bin").stat().st_size == most * size)
    except FileNotFoundError:
        return True
    except (OSError, struct.error):
        return False


def cut_short(graph: Path) -> bool:
    """Whether a graph's files hold fewer bytes than its elements take; where there is room for more elements, they hold more.

    A graph that was never written is whole, and one of another version of the format is Chroma's to judge.
    """
    if not (graph / "header.bin").exists() or unwritten(graph):
        return False
    try:
        version, _, _, count, size = _HEADER.unpack_from((graph / "header.bin").read_bytes())
        if version != _VERSION:
            return False
        needed = {"data_level0.bin": count * size, "length.bin": count * _LENGTH}
        if any((graph / name).stat().st_size < bytes_ for name, bytes_ in needed.items()):
            return True
        links, place = (graph / "link_lists.bin").read_bytes(), 0
        for _ in range(count):
            place += _LINKS.size + _LINKS.unpack_from(links, place)[0]
        return place > len(links)
    except (OSError, struct.error):
        return True
