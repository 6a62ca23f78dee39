"""What all mappings in config.yaml have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A mapping in the file. None stands for a key that is not there; the file itself can't write None."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        field_title_generator=lambda name, _: name.replace("_", " "),
        model_title_generator=lambda shape: shape.__name__.removesuffix("Shape").lower(),
    )
