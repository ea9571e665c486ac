"""The fast local engine: OpenVINO GenAI behind LangChain's chat-model interface."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from pydantic import PrivateAttr

from assistant.errors import UserError

CACHE_GB = 1
ROLES = {"human": "user", "ai": "assistant", "system": "system"}


class OpenVINOChat(BaseChatModel):
    """A GGUF model served by OpenVINO GenAI on the CPU.

    Calls take ``grammar`` (a regular expression that the reply must match), ``max_tokens``, ``seed`` and ``begun``, what stands
    of the reply already, which the model goes on from and the grammar leaves out; without a seed decoding is greedy.
    One call runs at a time; others wait.
    """

    model: Path
    threads: int = 2
    _pipeline: Any = PrivateAttr()
    _tokenizer: Any = PrivateAttr()
    _lock: threading.Lock = PrivateAttr(default_factory=threading.Lock)

    def model_post_init(self, context: Any, /) -> None:
        """Load the model.

        Raises:
            UserError: OpenVINO cannot read it.
        """
        import openvino_genai as genai

        scheduler = genai.SchedulerConfig()
        scheduler.cache_size = CACHE_GB
        scheduler.enable_prefix_caching = True
        try:
            self._pipeline = genai.LLMPipeline(str(self.model), "CPU", scheduler_config=scheduler, INFERENCE_NUM_THREADS=self.threads)
        except Exception as error:
            raise UserError(
                f"The fast engine cannot load {self.model.name} ({type(error).__name__}): set DESK_ENGINE=transformers."
            ) from error
        self._tokenizer = self._pipeline.get_tokenizer()

    @property
    def _llm_type(self) -> str:
        return "openvino"

    def prompt_text(self, messages: list[BaseMessage]) -> str:
        """The messages in the model's own chat template."""
        turns = [{"role": ROLES.get(message.type, message.type), "content": str(message.content)} for message in messages]
        return str(self._tokenizer.apply_chat_template(turns, add_generation_prompt=True))

    def get_num_tokens(self, text: str) -> int:
        """Number of tokens of a text."""
        return len(self.token_ids(text))

    def token_ids(self, text: str) -> list[int]:
        """Token ids of a text, special tokens recognised, none added."""
        return [int(token) for token in self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0]]

    def next_token(self, prompt: str) -> str:
        """The single most likely continuation of a rendered prompt, one token long; "" where the turn ends."""
        with self._lock:
            return str(self._pipeline.generate(prompt, _config(max_tokens=1)))

    def batch(
        self, inputs: list[LanguageModelInput], config: RunnableConfig | list[RunnableConfig] | None = None,
        *, return_exceptions: bool = False, **kwargs: Any,
    ) -> list[AIMessage]:  # fmt: skip
        """A reply to each input, in their order.

        The model reads and writes them side by side, which is faster than in turn; of two tokens that are as good as
        equally likely it may then take the other.
        """
        if kwargs.get("grammar") or kwargs.get("begun"):
            return super().batch(inputs, config, return_exceptions=return_exceptions, **kwargs)
        prompts = [self.prompt_text(self._convert_input(messages).to_messages()) for messages in inputs]
        with self._lock:
            texts = self._pipeline.generate(prompts, _config(**kwargs)).texts if prompts else []
        return [AIMessage(content=text) for text in texts]

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any,
    ) -> ChatResult:  # fmt: skip
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:  # fmt: skip
        import openvino_genai as genai

        prompt, config = self.prompt_text(messages) + kwargs.get("begun", ""), _config(stop, **kwargs)
        pieces: queue.Queue[str | BaseException | None] = queue.Queue()
        stopped = threading.Event()

        def receive(piece: str) -> Any:
            pieces.put(piece)
            return genai.StreamingStatus.CANCEL if stopped.is_set() else genai.StreamingStatus.RUNNING

        def work() -> None:
            try:
                with self._lock:
                    if not stopped.is_set():
                        self._pipeline.generate(prompt, config, receive)
                pieces.put(None)
            except BaseException as error:
                pieces.put(error)

        # No daemon: a process that ends while the thread is in the library's C++ would be aborted, so it waits for the next token.
        worker = threading.Thread(target=work)
        worker.start()
        text = ""
        try:
            while (piece := pieces.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                text += piece
                chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
                if run_manager:
                    run_manager.on_llm_new_token(piece, chunk=chunk)
                yield chunk
            worker.join()
            yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=self._usage(prompt, text)))
        finally:
            stopped.set()

    def _usage(self, prompt: str, text: str) -> UsageMetadata:
        given, made = self.get_num_tokens(prompt), self.get_num_tokens(text)
        return UsageMetadata(input_tokens=given, output_tokens=made, total_tokens=given + made)


def _config(stop: list[str] | None = None, **options: Any) -> Any:
    """A call's options in the library's terms."""
    import openvino_genai as genai

    config = genai.GenerationConfig()
    config.apply_chat_template = False
    config.max_new_tokens = options.get("max_tokens", 400)
    if stop:
        config.stop_strings = set(stop)
    if (seed := options.get("seed")) is not None:
        config.do_sample, config.rng_seed = True, seed
        config.temperature, config.top_p = 0.7, 0.95
    if grammar := options.get("grammar"):
        structure = genai.StructuredOutputConfig()
        structure.regex = grammar
        config.structured_output_config = structure
    return config
