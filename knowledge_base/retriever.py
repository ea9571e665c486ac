"""LangChain's retriever over the knowledge base."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from knowledge_base.hits import Hit
from knowledge_base.retrieval import KnowledgeBase
from knowledge_base.stored import PUBLIC, Filters


class PassageRetriever(BaseRetriever):
    """LangChain's retriever over the knowledge base: passages and facts as documents, customer and filters fixed at creation."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    knowledge_base: KnowledgeBase
    customer_id: str | None = None
    filters: Filters = PUBLIC

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        found = self.knowledge_base.search(query, self.customer_id, filters=self.filters)
        return [as_document(hit) for hit in found.hits]


def as_document(hit: Hit) -> Document:
    """A hit as LangChain's document; all but the text is metadata."""
    metadata: dict[str, Any] = hit.model_dump(exclude={"text"})
    return Document(page_content=hit.text, metadata=metadata)
