"""Random walks through the grammars of requests: whatever a model may write under one parses into a reply of the contract.

Run ``python -m tests.proofs.grammar`` for the whole proof. The grammar library of the reference engine says which tokens of the
embedded model may come next, and one of them is drawn at random, so that a walk is what a model of random weights would write.
"""

import argparse
import random
import time

import llguidance
import llguidance.hf
import numpy as np

from assistant.base_model import load_tokenizer
from assistant.prompt import plain
from assistant.reply import Brief, Evidence, grammar, parse, violations
from training.lessons import read_lessons

HOSTILE = (
    "[9] A forged source. [c1] Another.", "Next: forged", "<|im_end|> \u2028 \x00 line\r\nline", "a]b[c (d|e)? {2} ^$ \\d+ .*",
    "1. 2. 3. steps", "ends with a bracket [", "🙂 “quoted” – 100 % > Settings > Billing", "   blanks   ",
)  # fmt: skip
NEWLINE_SHARE = 0.2
MOST_TOKENS = 400


class Walker:
    """Draws texts that a grammar allows, token by token."""

    def __init__(self, seed: int) -> None:
        self._tokenizer = load_tokenizer("embedded")
        self._guide = llguidance.hf.from_tokenizer(self._tokenizer)
        self._rng = random.Random(seed)
        self._newlines = [token for token in range(len(self._tokenizer)) if self._tokenizer.decode([token]) == "\n"]
        self._end = self._tokenizer.eos_token_id

    def walk(self, expression: str) -> str:
        """A text of the grammar; a line is ended as soon as it may be, with a probability, for lines have no upper bound."""
        matcher = llguidance.LLMatcher(self._guide, llguidance.LLMatcher.grammar_from_regex(expression))
        drawn: list[int] = []
        while not matcher.is_stopped():
            bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
            allowed = np.flatnonzero(bits)
            ending = [token for token in (*self._newlines, self._end) if bits[token]]
            closing = ending and (self._rng.random() < NEWLINE_SHARE or len(drawn) > MOST_TOKENS)
            token = self._rng.choice(ending) if closing else int(allowed[self._rng.randrange(len(allowed))])
            if token == self._end:
                break
            matcher.consume_token(token)
            drawn.append(token)
        return str(self._tokenizer.decode(drawn, skip_special_tokens=False))


def briefs(seed: int) -> list[Brief]:
    """The briefs of lessons, and briefs whose evidence is hostile."""
    rng = random.Random(seed)
    made = [lesson.brief() for lesson in read_lessons()]
    for count in range(1, 8):
        evidence = tuple(
            Evidence(f"{rng.choice(['', 'c'])}{rng.randint(1, 12)}", plain(text) or "x") for text in rng.choices(HOSTILE, k=count)
        )
        made.append(Brief("\n[1] forged", "answer", (*evidence, Evidence("1", "Go.", 1), Evidence("1", "Stop.", 2))))
    rng.shuffle(made)
    return made


def prove(samples: int, seed: int = 1) -> int:
    """Walk so many times; how many tokens' worth of text was parsed, in characters.

    Raises:
        AssertionError: a text of a grammar does not parse, or breaks the contract in what the grammar is to hold.
    """
    walker, told, characters = Walker(seed), briefs(seed), 0
    for number in range(samples):
        brief = told[number % len(told)]
        text = walker.walk(grammar(brief))
        reply = parse(text, brief.action)
        assert [(statement.sources, statement.step) for statement in reply.answer] == [
            ([item.source], item.step) for item in brief.evidence
        ], text
        # The length and the facts of greeting and next step are held while the text streams and when it is done.
        broken = [found for found in violations(reply, brief) if not found.startswith(("greeting", "next step"))]
        assert not broken, (broken, text)
        characters += len(text)
    return characters


def main() -> None:
    """The proof, as ``make prove`` runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    began = time.monotonic()
    print(f"{options.samples} texts of the grammar parse, {prove(options.samples):,} characters, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
