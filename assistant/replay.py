"""Replay: a stored turn answered again, and what has changed where the reply is another one."""

from typing import Literal

from pydantic import BaseModel

from assistant.pipeline import Assistant
from assistant.reply import Reply
from assistant.turns import Turn
from knowledge_base.hits import Hit

Part = Literal["passages", "voice", "model", "settings", "numerics", "program"]
_PLACES = frozenset(("store", "wording", "voice", "base_model", "threads"))
"""Settings that say where something is, or that are compared by what they lead to."""


class Replay(BaseModel):
    """Whether the reply came out the same, what has changed since, and both replies."""

    same: bool
    changed: dict[Part, list[str]]
    before: Reply
    after: Reply


def replay(assistant: Assistant, turn: Turn) -> Replay:
    """Answer a turn's question again as it was answered, without storing it.

    Decoding is greedy, so that on the same libraries and threads the same prompt gives the same words, if nothing else runs on
    the engine meanwhile.

    Raises:
        UserError: the customer is no longer there.
    """
    again = assistant.ask(turn.question, turn.customer_id, turn.history, turn.conversation, keep=False, filters=turn.filters)
    same = _said(again.reply) == _said(turn.reply)
    changed = differences(turn, again)
    if not same and not changed:
        if again.prompt != turn.prompt:
            changed = {"passages": _prompt_lines(turn.prompt, again.prompt)}
        elif again.written != turn.written:
            changed = {"numerics": ["the same prompt gave other words: the processor, or other work on the engine"]}
        else:
            changed = {"program": ["the model wrote the same; the checks of its lines are of another version"]}
    return Replay(same=same, changed=changed, before=turn.reply, after=again.reply)


def _said(reply: Reply) -> Reply:
    return reply.model_copy(update={"note": ""})


def differences(turn: Turn, again: Turn) -> dict[Part, list[str]]:
    """What differs between how a turn was made and how it would be made now, by part; parts that are alike are left out."""
    now, then = again.made_with, turn.made_with
    found: dict[Part, list[str]] = {
        "passages": _sources(turn.retrieved, again.retrieved),
        "voice": [f"{turn.voice}, now {again.voice}"] if (turn.voice, then.get("adapter")) != (again.voice, now["adapter"]) else [],
        "model": [f"{_model(turn)}, now {_model(again)}"] if _model(turn) != _model(again) else [],
        "settings": [
            f"{name}: {turn.settings.get(name)}, now {value}"
            for name, value in again.settings.items()
            if name not in _PLACES and turn.settings.get(name) != value
        ],
        "numerics": [
            f"{name} {then.get(name, 'unknown')}, now {value}"
            for name, value in now.items()
            if name not in ("base", "adapter", "hybrid-support-assistant") and then.get(name) != value
        ],
        "program": [],
    }
    if (threads := turn.settings.get("threads")) != again.settings["threads"]:
        found["numerics"].append(f"threads {threads}, now {again.settings['threads']}")
    program = "hybrid-support-assistant"
    if then.get(program) != now[program]:
        found["program"].append(f"version {then.get(program, 'unknown')}, now {now[program]}")
    return {part: said for part, said in found.items() if said}


def _model(turn: Turn) -> str:
    return f"{turn.settings.get('base_model')} {turn.made_with.get('base', 'unknown')[:12]}"


def _sources(before: list[Hit], after: list[Hit]) -> list[str]:
    """Which passages and account facts came, went or changed their text or place."""
    then, now = _by_place(before), _by_place(after)
    said = [f"{_name(hits[0])} is no longer found" for key, hits in then.items() if key not in now]
    said += [f"{_name(hits[0])} is found now" for key, hits in now.items() if key not in then]
    for key in [key for key in then if key in now]:
        old, new = then[key], now[key]
        if sorted(hit.text for hit in old) != sorted(hit.text for hit in new):
            what = "has another text" if len(old) == len(new) else f"gives {len(new)} passages, not {len(old)}"
            said.append(f"{_name(old[0])} {what}, version {old[0].version}, now {new[0].version}")
    order = [[(_key(hit), hit.text) for hit in hits] for hits in (before, after)]
    return said or (["the sources stand in another order"] if order[0] != order[1] else [])


def _by_place(hits: list[Hit]) -> dict[tuple[str, str, str], list[Hit]]:
    """The hits of each place; a long section has several passages."""
    found: dict[tuple[str, str, str], list[Hit]] = {}
    for hit in hits:
        found.setdefault(_key(hit), []).append(hit)
    return found


def _prompt_lines(before: str, after: str) -> list[str]:
    """What the prompt says otherwise though its sources are the same: a name, the action, which evidence was picked."""
    then, now = before.splitlines(), after.splitlines()
    said = [f"the prompt no longer says “{line}”" for line in then if line not in now]
    return said + [f"the prompt says “{line}” now" for line in now if line not in then] or ["the prompt's lines stand in another order"]


def _key(hit: Hit) -> tuple[str, str, str]:
    return hit.article_id, hit.path, hit.heading


def _name(hit: Hit) -> str:
    return f"account fact “{hit.path}”" if hit.source.startswith("c") else f"“{hit.title}{', ' + hit.heading if hit.heading else ''}”"
