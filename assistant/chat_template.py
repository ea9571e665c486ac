"""A model's own chat template: how it is prompted and which token ends its turn, for serving and training alike."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def chat_text(tokenizer: "PreTrainedTokenizerBase", turns: Sequence[Mapping[str, str]]) -> str:
    """Turns in the model's chat template, up to where the assistant's reply begins.

    A template that refuses a system turn (Gemma 2, Mistral 7B) or leaves it out is given its text before the user's.
    """
    from jinja2 import TemplateError

    first, *rest = turns
    if first["role"] != "system":
        return _rendered(tokenizer, turns)
    try:
        text = _rendered(tokenizer, turns)
    except TemplateError:
        text = ""
    if first["content"] in text:
        return text
    user, *rest = rest
    return _rendered(tokenizer, [{**user, "content": f"{first['content']}\n\n{user['content']}"}, *rest])


def end_of_turn(tokenizer: "PreTrainedTokenizerBase") -> int:
    """The token that ends an assistant's turn: the first special token that the chat template puts after its text."""
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": "END-OF-TURN"}]
    text = str(tokenizer.apply_chat_template(turns, tokenize=False)).split("END-OF-TURN", 1)[1]
    special = set(tokenizer.all_special_ids)
    for token in tokenizer(text, add_special_tokens=False)["input_ids"]:
        if token in special:
            return int(token)
    return int(tokenizer.eos_token_id)


def _rendered(tokenizer: "PreTrainedTokenizerBase", turns: Sequence[Mapping[str, str]]) -> str:
    return str(tokenizer.apply_chat_template([dict(turn) for turn in turns], add_generation_prompt=True, tokenize=False))
