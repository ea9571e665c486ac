"""Two versions of a voice side by side: what they were made of, how they scored, and how their profiles differ."""

from collections.abc import Iterator
from typing import Any

from assistant.voices import ADAPTER, Card, Voice
from training.manifest import changes, read_manifest

WIDTH = 26


def difference(a: Voice, b: Voice) -> list[str]:
    """Readable lines: the facts of both cards, recipe and scores in full, of training sets and profiles only what differs."""
    lines = [_row("", a.label, b.label)]
    for name, ours, theirs in _pairs(_made_of(a), _made_of(b)):
        lines.append(_row(name, _text(ours), _text(theirs)))
    for part in ("recipe", "scores"):
        lines += ["", f"{part}:"]
        for name, ours, theirs in _pairs(_flat(getattr(a.card, part)), _flat(getattr(b.card, part))):
            lines.append(_row(f"  {name}", _text(ours), _text(theirs), _change(ours, theirs)))
    return [*lines, "", *_training_sets(a, b), "", *_profiles(a.card, b.card)]


def _made_of(voice: Voice) -> dict[str, Any]:
    card = voice.card
    return {
        "base model": card.base_model,
        "examples": card.examples,
        "training set": card.data_digest[:12],
        "adapter": f"{card.adapter_digest[:12]}, {(voice.folder / ADAPTER).stat().st_size / 1e6:.1f} MB",
        "trained": f"{card.trained_seconds / 60:.0f} min, {len(card.losses)} steps",
        "loss at the end": sum(card.losses[-10:]) / len(card.losses[-10:]) if card.losses else None,
    }


def _training_sets(a: Voice, b: Voice) -> Iterator[str]:
    ours, theirs = read_manifest(a.folder), read_manifest(b.folder)
    if a.card.data_digest == b.card.data_digest:
        yield "lessons and replies: the same"
    elif ours is None or theirs is None:
        unknown = " and ".join(voice.label for voice, known in ((a, ours), (b, theirs)) if known is None)
        yield f"lessons and replies: which ones {unknown} learned from is not recorded"
    else:
        found = [f"  {line}" for line in changes(ours, theirs)]
        yield "lessons and replies:" if found else "lessons and replies: the same"
        yield from found


def _profiles(a: Card, b: Card) -> Iterator[str]:
    differing = [(name, x, y) for name, x, y in _pairs(_flat(a.profile), _flat(b.profile)) if x != y]
    yield f"profile: {len(differing)} fields differ" if differing else "profile: the same"
    for name, ours, theirs in differing:
        if isinstance(ours, list) and isinstance(theirs, list):
            yield f"  {name}"
            yield from (f"    - {item}" for item in ours if item not in theirs)
            yield from (f"    + {item}" for item in theirs if item not in ours)
            if sorted(map(str, ours)) == sorted(map(str, theirs)):
                yield "    in another order"
        else:
            yield f"  {name}: {_text(ours)} -> {_text(theirs)}"


def _flat(value: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Nested fields by their dotted names."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= _flat(item, f"{above}{key}.") if isinstance(item, dict) else {f"{above}{key}": item}
    return found


def _pairs(a: dict[str, Any], b: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys([*a, *b]):
        yield name, a.get(name), b.get(name)


def _row(name: str, ours: str, theirs: str, change: str = "") -> str:
    return f"{name:<{WIDTH}}{ours:<{WIDTH}}{theirs:<{WIDTH}}{change}".rstrip()


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _change(ours: Any, theirs: Any) -> str:
    if isinstance(ours, int | float) and isinstance(theirs, int | float) and ours != theirs:
        return f"{theirs - ours:+.4g}"
    return ""
