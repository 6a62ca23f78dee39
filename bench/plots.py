"""Plots that stand in a page of Markdown as text: Mermaid's xychart (https://mermaid.js.org/syntax/xyChart.html)."""

from __future__ import annotations

from collections.abc import Mapping


def bars(title: str, unit: str, values: Mapping[str, float]) -> str:
    """A bar for each value, in their order."""
    names = ", ".join(f'"{name}"' for name in values)
    heights = ", ".join(f"{value:.4g}" for value in values.values())
    lines = [f'title "{title}"', f"x-axis [{names}]", f'y-axis "{unit}" 0 --> {max(values.values()):.4g}']
    return "\n".join(
        ["```mermaid", "xychart-beta horizontal", *(f"    {line}" for line in lines), f"    bar [{heights}]", "```"]
    )
