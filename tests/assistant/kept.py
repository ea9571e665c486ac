"""Turns as the assistant stores them, made without a model."""

from assistant.reply import Reply, Statement
from assistant.turns import Turn, Unsupported
from knowledge_base.hits import Hit

HIT = Hit(
    source="1", article_id="add-seats", version=3, title="Add seats", text="Añade\nseats.", score=0.9, updated="2026-01-01",
    indexed="2026-01-02", parts={"dense": 0.5},
)  # fmt: skip


def turn(name: str, conversation: str = "talk", customer: str | None = "ACME-1", **changes) -> Turn:
    """A turn that cites one article."""
    fields = {
        "turn": name,
        "conversation": conversation,
        "at": "2026-11-22T10:00:00Z",
        "question": "how do I add seats? “now” \x00 🙂",
        "customer_id": customer,
        "history": [("customer", "hello"), ("agent", "hi")],
        "reply": Reply(
            greeting="Hi.",
            answer=[Statement(text="A fact.", sources=["1"], how="quoted", step=1)],
            next_step="Reply here.",
            action="answer",
            note="n",
        ),
        "retrieved": [HIT],
        "cited": [HIT],
        "unsupported": [Unsupported(text="x", sources=["1"], reason="figures differ")],
        "confidence": 0.5,
        "vagueness": 0.1,
        "prompt_tokens": 10,
        "reply_tokens": 20,
        "first_token_s": 0.1,
        "total_s": 0.2,
        "voice": "warm@1",
        "engine": "openvino",
        "prompt": "Question: how",
        "written": "Hi.\n[1] A fact.",
        "left_out": ["more"],
        "settings": {"threads": 2},
    }
    return Turn(**(fields | changes))
