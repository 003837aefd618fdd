"""What every section of a deployment file has in common."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item")

#: A list in the file, a tuple in memory: nothing in a deployment changes after it was read.
Items = Annotated[tuple[Item, ...], Field(strict=False)]


class Section(BaseModel):
    """A mapping in the file. Unknown fields are refused; values are taken as they are, never converted or clamped."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=False)
