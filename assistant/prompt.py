"""The one renderer of prompts: the same function makes what is served and what is trained on."""

import re
from dataclasses import dataclass

from assistant.reply import Action, Brief, Evidence, parse_statement, prefix

SYSTEM = "You reply for the support team. Say each piece of evidence in the brand's voice, in order, changing no fact."
HISTORY_TURNS = 2
MAX_QUESTION_WORDS = 120
WORD = 10
"""Characters that a word counts at most, for texts that have no blanks."""
_CONTROL = re.compile(
    r"<[|｜][^|｜>]{0,40}[|｜]>"  # ChatML, Llama 3, Phi, Command, Granite, DeepSeek
    r"|</?s>|<(?:bos|eos|pad|unk|sep|cls|mask|sop|eop|eod|eoh|eoa|eot)>|<<?/?SYS>>?"  # Llama 2, BERT, GLM, InternLM
    r"|</?(?:start|end|beginning|begin)[-_▁]of[-_▁]\w{1,20}>|<\w{2,12}_TOKEN>"  # Gemma, Command
    r"|</?(?:think|tool_call|tool_calls|tool_response|tools|function_call|image|audio|video|fim[-_]\w{1,10})>"  # Qwen, CodeLlama
    r"|<(?:repo_?name|file_?(?:sep|name)|gh_stars|issue_\w{1,10}|jupyter_\w{1,10}|empty_output|commit_\w{1,8})>"  # StarCoder, SmolLM
    r"|<(?:extra_id|reserved|unused|special|0x)[-_]?\w{1,12}>|\x00",
    re.IGNORECASE,
)
"""Control tokens of the chat templates in use. One that is a plain word in angle brackets may be meant as a placeholder, so it
keeps its word, in round brackets; square brackets, which mark further tokens ([INST], [gMASK]), are always replaced."""


@dataclass(frozen=True)
class Prompt:
    """A rendered prompt: the system text and the user text, for any model's chat template."""

    system: str
    user: str

    def messages(self) -> list[dict[str, str]]:
        """As chat messages."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


def plain(text: str) -> str:
    """Untrusted text as harmless data: one line, no chat-template tokens, no square brackets (they mark sources)."""
    text = _harmless(text).replace("[", "(").replace("]", ")")
    return re.sub(r"\s+", " ", text).strip()


def plain_code(text: str) -> str:
    """Code as it is quoted, its lines and brackets kept: no chat-template tokens. To a model it is shown as ``plain`` has it."""
    return "\n".join(line.rstrip() for line in _harmless(text).splitlines()).strip("\n")


def _harmless(text: str) -> str:
    return _CONTROL.sub(lambda token: f"({token[0][1:-1]})" if token[0][1:-1].isidentifier() else " ", text)


def render(brief: Brief) -> Prompt:
    """The prompt for a brief.

    A question beyond 120 words or 1,200 characters keeps its beginning and its end, and of the history the last two turns are
    shown; the whole of both stays with the stored turn.
    """
    lines = [f"{_role(role)}: {_shorten(plain(text), 40)}" for role, text in brief.history[-HISTORY_TURNS:]]
    lines.append(f"Question: {_shorten(plain(brief.question), MAX_QUESTION_WORDS)}")
    if brief.customer:
        lines.append(f"Name: {plain(brief.customer)}")
    lines.append(f"Action: {brief.action.replace('_', ' ')}")
    if brief.options:
        lines.append("Options: " + " or ".join(plain(option) for option in brief.options))
    if brief.evidence:
        lines.append("Evidence:")
        lines += [prefix(item) + plain(item.text) for item in brief.evidence]
    return Prompt(SYSTEM, "\n".join(lines))


def brief_of(user: str, action: Action) -> Brief:
    """What a rendered prompt says, as a brief: the texts as they were shown, long ones shortened.

    Args:
        user: the user text of a prompt that ``render`` made.
        action: what was decided, a field of the reply.
    """
    head, _, tail = user.partition("\nEvidence:\n")
    fields, history = {}, []
    for line in head.split("\n"):
        label, _, text = line.partition(": ")
        if label in ("Customer", "Agent"):
            history.append((label.lower(), text))
        else:
            fields[label] = text
    evidence = [parse_statement(line) for line in tail.split("\n") if line]
    return Brief(
        question=fields["Question"],
        action=action,
        evidence=tuple(Evidence(item.sources[0], item.text, item.step) for item in evidence),
        options=tuple(fields["Options"].split(" or ")) if "Options" in fields else (),
        customer=fields.get("Name"),
        history=tuple(history),
    )


def _role(role: str) -> str:
    """Who spoke; anything but the agent counts as the customer, for a role may come from a file."""
    return "Agent" if role.strip().lower() == "agent" else "Customer"


def _shorten(text: str, words: int) -> str:
    parts = text.split()
    if len(parts) > words:
        text = " ".join([*parts[: words - 30], "...", *parts[-29:]])
    most = words * WORD
    return text if len(text) <= most else f"{text[: most - most // 4]} ... {text[5 - most // 4 :]}"
