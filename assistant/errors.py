"""Errors of the assistant; ``UserError`` is the one that a user is meant to read."""

from knowledge_base.errors import UserError, stop, stoppable


class ReplyFormatError(ValueError):
    """A text is not a reply in the fixed structure; says where it departs from it."""


__all__ = ["ReplyFormatError", "UserError", "stop", "stoppable"]
