"""Settings of the whole assistant; every field is also an environment variable, ``DESK_`` and the name in capitals."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from knowledge_base.settings import KnowledgeSettings, Names


class Settings(KnowledgeSettings):
    """What the assistant adds to the knowledge base's settings."""

    unbundled: ClassVar[dict[str, Any]] = {**KnowledgeSettings.unbundled, "product_names": ()}
    base_model: str = "embedded"
    """``embedded`` (SmolLM2-135M-Instruct from its package), or any causal LM by hub id or folder."""
    engine: Literal["openvino", "transformers"] = "openvino"
    """``openvino`` is fast on a CPU for the architectures in its table; ``transformers`` serves any architecture."""
    voice: str = "active"
    """``active`` (the promoted voice), an installed ``NAME@VERSION``, ``shipped``, a voice folder, or ``none`` for the bare base model."""
    answering: Literal["write", "select"] = "write"
    """``write``: the model phrases the evidence and grounding checks it; ``select``: the evidence stands verbatim."""
    evidence_tokens: int = Field(default=360, ge=1)
    """Budget of the evidence in the prompt, in tokens; what does not fit is named in the agent's note."""
    reply_tokens: int = Field(default=400, ge=1)
    """Most tokens of a reply."""
    hand_off_below: float = Field(default=0.5, ge=0, le=1)
    """Probability that the knowledge base answers it under which a question is handed off to a person."""
    ask_above: float = Field(default=0.5, ge=0, le=1)
    """Probability that a question fits several articles above which the assistant asks back."""
    own_domains: Names = ()
    """The company's domains ("example.com"): an article may send a customer there to enter a password without being withheld."""
    product_names: Names = ("Tallybird",)
    """What the live product is called: no lesson or example reply may say it (``training/lint.py``), lessons made of approved replies
    say an invented name for it, and a question that says it claims no plan of that name. None where ``articles``, ``customers`` or
    ``wording`` is set and this is not."""
    teacher_url: str = ""
    """An OpenAI-compatible server that drafts example replies and questions, up to its version: ``https://host/v1``; none by default."""
    teacher_model: str = ""
    """What that server calls the model to ask."""
    teacher_key_env: str = "TEACHER_KEY"
    """The environment variable that holds the server's key; a server of one's own may need none."""

    @property
    def voices(self) -> Path:
        """Folder of the installed voices."""
        return self.store / "voices"
