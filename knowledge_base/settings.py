"""Settings of the knowledge base, read from the environment (``DESK_*``) or from ``settings.toml`` in the working folder.

A variable that is empty counts as not set.
"""

import json
import re
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from knowledge_base.errors import UserError
from knowledge_base.settings_file import PREFIX, check_keys, check_variables
from knowledge_base.sources import ArticleSources, CustomerFile, CustomerSources, FolderSource

HERE = Path(__file__).parent
BUNDLED = ("articles", "customers", "wording")
"""Settings whose defaults are of the bundled, invented company: where one of them is set, none of these defaults holds."""


def _texts(value: Any, *, commas: bool) -> Any:
    """What one text lists: the parts between its commas, or itself; a JSON list is read as such."""
    if not isinstance(value, str):
        return value
    if re.match(r'\s*\[\s*("|\]\s*$)', value):
        return json.loads(value)
    return [part.strip() if commas else part for part in (value.split(",") if commas else [value]) if part.strip()]


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(partial(_texts, commas=True))]
"""A list, or one text with commas between the names."""
Patterns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(partial(_texts, commas=False))]
"""A list, or one text that is one regular expression, for a comma may be part of it."""


class KnowledgeSettings(BaseSettings):
    """Where the facts come from, where the store lives and how much is retrieved."""

    unbundled: ClassVar[dict[str, Any]] = {"articles": (), "customers": (), "wording": None}
    """The defaults where one of ``BUNDLED`` is set."""
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, toml_file="settings.toml", extra="ignore")

    store: Path = Path("data")
    """Folder of the catalog, the vectors, the conversations and the installed voices."""
    articles: ArticleSources = (FolderSource(path=HERE / "help_center"),)
    """Where the help-center articles come from: a folder, or a list of sources (``knowledge_base/sources.py``). They are to be
    named where ``customers`` or ``wording`` is."""
    asked_as: Path | None = None
    """A YAML file ``{article id: {heading: [question, ...]}}`` of questions that articles of any source answer, in customers' own
    words, "" for the text before the first heading; under a heading ``{asked_as: [...], gaps: [...], ambiguous: [...]}`` names also
    those near to it that no article answers or that others fit as well. None by default."""
    customers: CustomerSources = (CustomerFile(path=HERE / "customers.jsonl"),)
    """Where the account records come from: a ``.jsonl``, ``.json`` or ``.csv`` file, or a list of sources. None where ``articles``
    or ``wording`` is set and this is not."""
    wording: Path | None = HERE / "wording.yaml"
    """Sentence templates for account records; fields without a template are worded generically, and so are all where
    ``articles`` or ``customers`` is set and this is not."""
    embedding_model: str = "embedded"
    """``embedded`` (all-MiniLM-L6-v2 from its package), or a sentence-transformers hub id or folder."""
    reranker: str = ""
    """A sentence-transformers cross-encoder, by hub id or folder, that reads the best passages again; none by default."""
    most_removed: float = Field(default=0.2, ge=0, le=1)
    """Largest share of the articles, or of the customers, that a refresh removes without ``--force``."""
    retention_days: float = Field(default=90, ge=0, le=36_500)
    """How long the former versions of an article are kept to be restored; then they are erased."""
    versions_kept: int = Field(default=20, ge=0)
    """Former versions of one article whose text is kept, at most."""
    watch_every: float = Field(default=900, gt=0)
    """Seconds after which ``watch`` asks all sources again: help centers and databases tell nobody of a change."""
    secret_fields: Names = ()
    """Further fields of account records that are never stored: names, paths or globs of them, in any spelling;
    in the environment with commas between them."""
    secret_patterns: Patterns = ()
    """Further regular expressions; whatever part of a record's value matches is masked before it is stored;
    several in the environment as a JSON list."""
    passages: int = Field(default=5, ge=1)
    """Passages returned by a search."""
    account_facts: int = Field(default=6, ge=0)
    """Account facts returned by a search, at most."""
    threads: int = Field(default=2, ge=1)
    """CPU threads for models; results replay exactly only with the same number."""

    @model_validator(mode="before")
    @classmethod
    def _bundled_together(cls, values: Any) -> Any:
        """The bundled articles, customers and wording are of one company, so that none of them shows up among somebody else's."""
        named = isinstance(values, dict) and not values.keys().isdisjoint(BUNDLED)
        return {**cls.unbundled, **values} if named else values

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the settings file."""
        try:
            file = TomlConfigSettingsSource(settings_cls)
        except UnicodeDecodeError as error:
            raise UserError("The file settings.toml is not UTF-8 text: save it as UTF-8.") from error
        check_keys(file.toml_data, settings_cls.model_fields)
        check_variables(file.toml_data, settings_cls.model_fields)
        return init_settings, env_settings, file


Kind = TypeVar("Kind", bound=KnowledgeSettings)


def settings_with(kind: type[Kind], **overrides: Any) -> Kind:
    """The settings, with what a command line names put over them; what it does not name is None."""
    return kind(**{name: value for name, value in overrides.items() if value is not None})
