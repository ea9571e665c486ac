"""A handful of lessons over two invented products that say the same, so that a model of two layers can know the held-out one."""

import json
from pathlib import Path

FIELDS = {"domain": "pottery", "customer": None, "account": [], "options": [], "passages": []}
LESSONS = [
    {
        "situation": "how_to", "question": "how do I fire it?", "action": "answer",
        "passages": [{"title": "Firing", "sentences": ["Close the lid.", "Click Start.", "Select the red kiln."]}],
        "statements": [
            {"text": "Click Start.", "evidence": "1.2", "step": 1}, {"text": "Select the red kiln.", "evidence": "1.3", "step": 2},
        ],
    },
    {"situation": "ask_back", "question": "it does not work", "action": "ask", "options": ["the kiln", "the lid"]},
    {"situation": "unanswerable", "question": "can it bake bread?", "action": "hand_off"},
]  # fmt: skip
GENERAL = {"train": ["What is a lake?", "Name a tree.", "Count to two."], "probe": ["What is a sea?", "Name a bird."]}


def write_lessons(folder: Path, lessons: list[dict] = LESSONS) -> Path:
    """A folder of lessons: those of Kiln to train on, the same of Loom held out."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        FIELDS | {"id": f"{product.lower()}-{number:02}", "product": product} | lesson
        for product in ("Kiln", "Loom")
        for number, lesson in enumerate(lessons, 1)
    ]
    (folder / "lessons.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "held_out.txt").write_text("Loom\n", "utf-8")
    return folder
