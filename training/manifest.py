"""What a voice was trained on, item by item: a digest of each lesson, example reply and rehearsed answer, kept beside its card."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from training.dataset import Example
from training.lessons import Lesson, VoicedReply

FILE = "training_set.json"
Manifest = dict[str, dict[str, str]]
"""Kind -> name -> digest; a reply goes by its lesson's id, a rehearsed answer by its prompt."""
_MANIFEST = TypeAdapter(Manifest)


def manifest(lessons: Iterable[Lesson], replies: Iterable[VoicedReply], rehearsed: Iterable[Example]) -> Manifest:
    """The digests of what is trained on; a reply to a lesson that is held out is not."""
    taught = {lesson.id: _digest(lesson.model_dump_json()) for lesson in lessons}
    return {
        "lessons": taught,
        "replies": {reply.lesson: _digest(reply.model_dump_json()) for reply in replies if reply.lesson in taught},
        "general prompts": {example.prompt.user: _digest(example.reply) for example in rehearsed},
    }


def write_manifest(folder: Path, made_of: Manifest) -> None:
    """Keep a manifest with a voice."""
    (folder / FILE).write_text(json.dumps(made_of, ensure_ascii=False, indent=1) + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest | None:
    """A voice's manifest; None for voices of before there was one, or where it cannot be read."""
    try:
        return _MANIFEST.validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def changes(ours: Manifest, theirs: Manifest) -> Iterator[str]:
    """What the second was trained on and the first was not, the other way round, and what was reworded between them; by names."""
    for kind in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(kind, {}), theirs.get(kind, {})
        lists = {
            "added": [name for name in b if name not in a],
            "removed": [name for name in a if name not in b],
            "changed": [name for name in a if name in b and a[name] != b[name]],
        }
        for what, names in lists.items():
            if names:
                yield f"{kind} {what}, {len(names)}: {', '.join(names)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
