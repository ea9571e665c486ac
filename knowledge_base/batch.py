"""Files of questions, answered line by line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import typer
from pydantic import BaseModel, ValidationError, field_validator

from knowledge_base.errors import UserError


class Turn(BaseModel):
    """One earlier message of a batch question; ``user`` and ``assistant`` are other names of the two roles."""

    role: Literal["customer", "agent"]
    text: str

    @field_validator("role", mode="before")
    @classmethod
    def _named(cls, role: Any) -> Any:
        return {"user": "customer", "assistant": "agent"}.get(role, role) if isinstance(role, str) else role


def turn_of(text: str) -> tuple[str, str]:
    """The (role, text) of a turn that is written ``role: text``.

    Raises:
        UserError: it does not begin with a role.
    """
    role, _, said = text.partition(":")
    try:
        turn = Turn(role=role.strip().lower(), text=said.strip())
    except ValidationError as error:
        raise UserError(f"{text[:70]!r} is no turn of a conversation: begin it with `customer:` or `agent:`.") from error
    return turn.role, turn.text


class BatchQuestion(BaseModel):
    """One line of a batch file."""

    id: str | int
    question: str
    customer_id: str | None = None
    history: list[Turn] = []

    @property
    def turns(self) -> list[tuple[str, str]]:
        """The history as (role, text) pairs."""
        return [(turn.role, turn.text) for turn in self.history]


def batch(
    questions: Path,
    out: Path | None,
    answer: Callable[[BatchQuestion], dict[str, Any]],
    *,
    question: str | None = None,
    customer: str | None = None,
) -> None:
    """Answer a file of questions, one JSON line each; a question that cannot be answered yields {"id", "error"}.

    Args:
        questions: the file.
        out: where the results go, once all of them are there; until then they stand beside it in ``NAME.part``.
        answer: answers one line.
        question: a question that the command line names as well, which is refused.
        customer: the customer of the lines that name none.

    Raises:
        UserError: the file is missing, a line is no question, no output file is named, or it is the questions' own.
    """
    if question is not None:
        raise UserError("Ask one question or name a file of them with --questions, not both.")
    if not questions.is_file():
        raise UserError(f"There is no question file {questions}: name a JSONL file with --questions.")
    if out is None:
        raise UserError("Name the file for the results with --out.")
    if out.exists() and out.samefile(questions):
        raise UserError(f"The results would overwrite the questions in {questions}: name another file with --out.")
    items = [item.model_copy(update={"customer_id": item.customer_id or customer}) for item in _read_batch(questions)]
    failed, target = 0, out.resolve()
    # A terminal or a pipe is written to as it is; a file is replaced as a whole.
    draft = out if out.exists() and not out.is_file() else target.with_name(f"{target.name}.part")
    with draft.open("w", encoding="utf-8") as file:
        for item in items:
            try:
                row = answer(item)
            except UserError as error:
                failed += 1
                row = {"id": item.id, "error": str(error)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
    if draft != out:
        draft.replace(target)
    typer.echo(f"{len(items) - failed} of {len(items)} questions done, results in {out}.", err=True)
    if failed:
        raise typer.Exit(1)


def _read_batch(path: Path) -> Iterator[BatchQuestion]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"The question file {path} is not UTF-8 text: save it as UTF-8.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield BatchQuestion.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                reason = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
                raise UserError(f"{path} line {number} is no question ({reason}); mend the line.") from error
