"""Answers under way, in threads of their own and kept beside the pages: no rerun and no reload of one can stop or lose them."""

import logging
import threading
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from assistant.errors import UserError
from assistant.events import Event, Finished, Piece, Retrieved
from assistant.pipeline import Assistant
from assistant.turns import Turn


@dataclass
class Job:
    """One answer under way; a page reads it as often as it likes."""

    question: str
    customer_id: str | None
    events: list[Event] = field(default_factory=list)
    error: str | None = None
    turn: Turn | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def done(self) -> bool:
        """Whether it is answered, or failed."""
        return self.ended.is_set()

    @property
    def pieces(self) -> list[Piece]:
        """The parts of the reply that are released so far."""
        return [event for event in self.events if isinstance(event, Piece)]

    @property
    def retrieved(self) -> Retrieved | None:
        """The sources, once they are found."""
        return next((event for event in self.events if isinstance(event, Retrieved)), None)


_kept: dict[tuple[str, str | None], list[Job]] = {}
"""By conversation and customer, of all pages of this process."""
_lock = threading.Lock()


def of(conversation: str, customer_id: str | None) -> list[Job]:
    """The answers about a customer that are under way in a conversation, in the order in which they were asked, and those that failed."""
    with _lock:
        left = [job for job in _kept.get((conversation, customer_id), []) if not job.done or job.error]
        if left:
            _kept[conversation, customer_id] = left
        else:
            _kept.pop((conversation, customer_id), None)
        return list(left)


def ask(
    assistant: Assistant, question: str, customer_id: str | None, history: Callable[[], Sequence[tuple[str, str]]], conversation: str
) -> Job:
    """Begin to answer, behind what is being answered in the conversation; what failed in it before is forgotten. Arguments as ``start``."""
    under_way = [job for job in of(conversation, customer_id) if not job.done]
    with _lock:
        job = start(assistant, question, customer_id, history, conversation, under_way[-1] if under_way else None)
        _kept[conversation, customer_id] = [*under_way, job]
    return job


def start(
    assistant: Assistant,
    question: str,
    customer_id: str | None,
    history: Callable[[], Sequence[tuple[str, str]]],
    conversation: str,
    after: Job | None = None,
) -> Job:
    """Begin to answer, where another question of the conversation is being answered once that is done.

    Args:
        assistant: answers.
        question: as the customer wrote it.
        customer_id: whose account facts may be used.
        history: gives the conversation as it stands when the answer begins.
        conversation: what to store the turn under.
        after: the answer to wait for.
    """
    job = Job(question, customer_id)

    def work() -> None:
        try:
            if after:
                after.ended.wait()
            for event in assistant.stream(question, customer_id, history(), conversation):
                job.events.append(event)
                if isinstance(event, Finished):
                    job.turn = event.turn
        except UserError as error:
            job.error = str(error)
        except Exception as error:
            number = uuid.uuid4().hex[:8]
            # What failed goes to the server's log under a number, without secrets; the page shows one sentence.
            logging.getLogger(__name__).error("answer %s failed\n%s", number, assistant.masked("".join(traceback.format_exception(error))))
            job.error = f"The answer could not be written (problem {number} in the server's log): ask again."
        finally:
            job.ended.set()

    threading.Thread(target=work, daemon=True).start()
    return job
