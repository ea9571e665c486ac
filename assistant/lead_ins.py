"""Lead-ins: short openers that a voice puts before a statement ("Good to know: ...", "Please select ...") and that state nothing."""

import re
from collections.abc import Sequence
from typing import Any

LEAD_IN_END = ":"
_JUST_SO = re.compile(r"(?i)just so you (?!know\b|['’]re aware\b|are aware\b)")


def without_lead_in(text: str, facts: Sequence[str], steps: Sequence[str]) -> str:
    """A statement without its lead-in.

    Args:
        text: the statement.
        facts: lead-ins that end with a colon.
        steps: words that may stand before a step's imperative.
    """
    for lead in facts:
        if text.startswith(f"{lead} "):
            return text.removeprefix(f"{lead} ")
    for lead in steps:
        if text.startswith(f"{lead} "):
            rest = text.removeprefix(f"{lead} ")
            return rest[:1].upper() + rest[1:]
    return text


def swallows_order(text: str) -> bool:
    """Whether a lead-in runs on into the statement and makes of an order what it is good for: "Just so you check ..."."""
    return _JUST_SO.match(text) is not None


def bare(text: str, step: bool, profile: dict[str, Any]) -> str:
    """A statement without the lead-in that the profile of an installed voice gives it; see ``training/profile.py``."""
    lead_ins = profile.get("lead_ins", {})
    return without_lead_in(text, lead_ins.get("facts", []), lead_ins.get("steps", []) if step else [])
