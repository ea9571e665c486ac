"""The one error that a user is meant to read."""


class UserError(Exception):
    """One clear sentence that says what went wrong and what to do next; shown as it is, without a traceback."""
