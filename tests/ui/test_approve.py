"""Approving and editing a reply on the desk, with turns that are already stored; the engine answers nothing here."""

import pytest
from streamlit.testing.v1 import AppTest

from assistant.turns import Turns
from tests.assistant.kept import turn

