"""Answers under way: they run in threads of their own, so that no rerun of a page can stop or lose one."""

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
