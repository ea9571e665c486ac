"""Speed of the two local engines on prompts of about 700 tokens: ``python -m tests.benchmarks.speed [--voice V]``."""

import argparse
import json
import statistics
import time

from assistant.engines import Engine, load_engine, messages
from assistant.prompt import Prompt, render
from assistant.reply import Brief, Evidence, grammar
from assistant.settings import Settings
from assistant.voices import active_voice
from knowledge_base.evidence import narrow
from knowledge_base.retrieval import KnowledgeBase
from tests.benchmarks import questions

TOKENS = 700
REPLIES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice", default="active")
    parser.add_argument("--engines", nargs="+", default=["openvino", "transformers"])
    arguments = parser.parse_args()
    for name in arguments.engines:
        settings = Settings(voice=arguments.voice, engine=name)
        began = time.monotonic()
        engine = load_engine(settings, active_voice(settings))
        print(name, json.dumps({"load_s": round(time.monotonic() - began, 1), **measure(engine, settings)}), flush=True)


def measure(engine: Engine, settings: Settings) -> dict[str, float]:
    """Medians over questions answered from their evidence, the prompt filled up to about 700 tokens with other passages."""
    knowledge_base = KnowledgeBase(settings)
    firsts, totals, prompts, replies = [], [], [], []
    rows = [row for row in questions.read("dev") if row["action"] == "answer"][: REPLIES + 1]
    for row in rows:
        found = knowledge_base.search(row["question"], row.get("customer_id"), questions.history(row))
        pieces = narrow(found, settings.evidence_tokens, engine.get_num_tokens).pieces
        brief = Brief(row["question"], evidence=tuple(Evidence(piece.source, piece.text, piece.step) for piece in pieces))
        prompt = filled(render(brief), " ".join(passage.text for passage in found.passages), engine)
        began = time.monotonic()
        first = 0.0
        for chunk in engine.stream(messages(prompt), grammar=grammar(brief), max_tokens=settings.reply_tokens):
            if not first and "\n" in str(chunk.content):
                first = time.monotonic() - began
            if usage := getattr(chunk, "usage_metadata", None):
                prompts.append(usage["input_tokens"])
                replies.append(usage["output_tokens"])
        firsts.append(first)
        totals.append(time.monotonic() - began)
    # The first request also pays for what is compiled once.
    return {
        "prompt_tokens": statistics.median(prompts[1:]),
        "reply_tokens": statistics.median(replies[1:]),
        "greeting_s": round(statistics.median(firsts[1:]), 2),
        "total_s": round(statistics.median(totals[1:]), 2),
    }


def filled(prompt: Prompt, text: str, engine: Engine) -> Prompt:
    """The prompt with so much of the text before the question that it has about 700 tokens."""
    words, taken = text.split(), 0
    while taken < len(words):
        longer = Prompt(prompt.system, f"Background: {' '.join(words[:taken])}\n{prompt.user}")
        if engine.get_num_tokens(engine.prompt_text(messages(longer))) >= TOKENS:
            return longer
        taken += 10
    return longer


if __name__ == "__main__":
    main()
