"""The reference engine: transformers with PEFT in process, for any architecture, correct by definition."""

import threading
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from pydantic import PrivateAttr

from assistant.base_model import load_model, load_tokenizer
from assistant.chat_template import chat_text, end_of_turn
from assistant.errors import UserError
from assistant.fast_engine import ROLES

SIDE_BY_SIDE = 16
"""Prompts that the model is given at once."""
MOST_TOKENS = 400


class TransformersChat(BaseChatModel):
    """A causal LM by hub id, folder or ``embedded``, with an optional PEFT adapter.

    Calls take ``grammar`` (a regular expression that the reply must match), ``max_tokens``, ``seed`` and ``begun``, what stands
    of the reply already, which the model goes on from and the grammar leaves out; without a seed decoding is greedy.
    """

    model: str = "embedded"
    adapter: Path | None = None
    threads: int = 2
    _model: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _ends: list[int] = PrivateAttr()
    _pad: int = PrivateAttr()
    _guide: Any = PrivateAttr(default=None)
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any, /) -> None:
        """Load the model and the adapter.

        Raises:
            UserError: either cannot be loaded, or the adapter does not fit.
        """
        import torch

        torch.set_num_threads(self.threads)
        self._tokenizer = load_tokenizer(self.model)
        model = load_model(self.model)
        if self.adapter is not None:
            from peft import PeftModel

            try:
                model = PeftModel.from_pretrained(model, str(self.adapter))
            except Exception as error:
                raise UserError(
                    f"The voice in {self.adapter} cannot be loaded ({type(error).__name__}): install it again or choose another."
                ) from error
        self._model = model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        known = model.generation_config.eos_token_id
        ends = known if isinstance(known, list) else [known]
        self._ends = sorted({end_of_turn(self._tokenizer), *(end for end in ends if end is not None)})
        padding = self._tokenizer.pad_token_id
        self._pad = self._ends[0] if padding is None else padding

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def prompt_text(self, messages: list[BaseMessage]) -> str:
        """The messages in the model's own chat template."""
        turns = [{"role": ROLES.get(message.type, message.type), "content": str(message.content)} for message in messages]
        return chat_text(self._tokenizer, turns)

    def token_ids(self, text: str) -> list[int]:
        """Token ids of a text, special tokens recognised, none added."""
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def get_num_tokens(self, text: str) -> int:
        """Number of tokens of a text."""
        return len(self.token_ids(text))

    def most_likely(self, prompt: str, reply: str) -> list[tuple[int, int]]:
        """Teacher-forced: for each token of the reply, (the token, the model's most likely one)."""
        import torch

        given, made = self.token_ids(prompt), self.token_ids(reply)
        with torch.no_grad(), self._lock:
            logits = self._model(input_ids=torch.tensor([given + made], device=self._model.device)).logits[0]
        best = logits[len(given) - 1 : len(given) + len(made) - 1].argmax(-1).tolist()
        return list(zip(made, best, strict=True))

    def decode(self, ids: list[int]) -> str:
        """The text of token ids, special tokens left out."""
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def batch(
        self, inputs: list[LanguageModelInput], config: RunnableConfig | list[RunnableConfig] | None = None,
        *, return_exceptions: bool = False, **kwargs: Any,
    ) -> list[AIMessage]:  # fmt: skip
        """A reply to each input, in their order; the model writes several side by side where it decodes greedily and freely."""
        if kwargs.keys() - {"max_tokens"}:
            return super().batch(inputs, config, return_exceptions=return_exceptions, **kwargs)
        prompts = [self.prompt_text(self._convert_input(messages).to_messages()) for messages in inputs]
        groups = (prompts[start : start + SIDE_BY_SIDE] for start in range(0, len(prompts), SIDE_BY_SIDE))
        return [AIMessage(content=text) for group in groups for text in self._side_by_side(group, kwargs.get("max_tokens", MOST_TOKENS))]

    def _side_by_side(self, prompts: list[str], most: int) -> list[str]:
        import torch

        given = [self.token_ids(prompt) for prompt in prompts]
        width, pad = max(map(len, given)), self._pad
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in given], device=self._model.device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in given], device=self._model.device)
        with torch.no_grad(), self._lock:
            made = self._model.generate(
                input_ids=ids, attention_mask=mask, max_new_tokens=most, do_sample=False, pad_token_id=pad, eos_token_id=self._ends
            )
        return [self.decode(list(takewhile(lambda token: token not in self._ends, row))) for row in made[:, width:].tolist()]

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any,
    ) -> ChatResult:  # fmt: skip
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:  # fmt: skip
        import torch
        from transformers import StoppingCriteria, StoppingCriteriaList, TextIteratorStreamer

        prompt = self.prompt_text(messages) + kwargs.get("begun", "")
        ids = torch.tensor([self.token_ids(prompt)], device=self._model.device)
        stopped = threading.Event()

        class Stopped(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped here
            """Ends generation when the reader has gone."""

            def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **more: Any) -> torch.Tensor:
                return torch.full((input_ids.shape[0],), stopped.is_set(), dtype=torch.bool, device=input_ids.device)

        streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
        options: dict[str, Any] = {
            "max_new_tokens": kwargs.get("max_tokens", MOST_TOKENS),
            "do_sample": False,
            "stopping_criteria": StoppingCriteriaList([Stopped()]),
            "streamer": streamer,
            "pad_token_id": self._pad,
            "eos_token_id": self._ends,
        }
        if stop:
            options |= {"stop_strings": stop, "tokenizer": self._tokenizer}
        if (seed := kwargs.get("seed")) is not None:
            torch.manual_seed(seed)
            options |= {"do_sample": True, "temperature": 0.7, "top_p": 0.95}
        if grammar := kwargs.get("grammar"):
            options["logits_processor"] = [self._guided(grammar, ids.shape[1])]
        failed: list[BaseException] = []

        def work() -> None:
            try:
                with torch.no_grad(), self._lock:
                    self._model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **options)
            except BaseException as error:
                failed.append(error)
                streamer.end()

        # No daemon: a process that ends while the thread is in the library's C++ would be aborted, so it waits for the next token.
        worker = threading.Thread(target=work)
        worker.start()
        text = ""
        try:
            for piece in streamer:
                if not piece:
                    continue
                text += piece
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
            worker.join()
            if failed:
                raise failed[0]
            given, made = ids.shape[1], self.get_num_tokens(text)
            usage = UsageMetadata(input_tokens=given, output_tokens=made, total_tokens=given + made)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage))
        finally:
            stopped.set()

    def _guided(self, grammar: str, prompt_length: int) -> Any:
        """A logits processor that leaves only tokens with which the text can still match the regular expression."""
        import llguidance
        import llguidance.hf
        import numpy as np
        import torch

        if self._guide is None:
            self._guide = llguidance.hf.from_tokenizer(self._tokenizer)
        matcher = llguidance.LLMatcher(self._guide, llguidance.LLMatcher.grammar_from_regex(grammar))
        seen = prompt_length

        def process(input_ids: Any, scores: Any) -> Any:
            # The mask is applied here and not by llguidance.torch, whose kernel needs a C++ compiler and most of a minute.
            nonlocal seen
            matcher.consume_tokens(input_ids[0, seen:].tolist())
            seen = input_ids.shape[1]
            bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8), bitorder="little")
            allowed = torch.zeros(scores.shape[-1], dtype=torch.bool)
            known = min(len(bits), len(allowed))
            allowed[:known] = torch.from_numpy(bits[:known].astype(bool))
            return scores.masked_fill(~allowed.to(scores.device), -torch.inf)

        return process
