"""docs/http.md keeps up with the application."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from newsroom import open_newsroom

DOC = Path(__file__).parents[2] / "docs" / "http.md"


def test_every_route_and_method_is_documented(tmp_path: Path, clock: Callable[[], datetime]) -> None:
    text = DOC.read_text(encoding="utf-8")
    with open_newsroom(tmp_path, clock) as newsroom:
        rules = list(newsroom.app.url_map.iter_rules())
    missing = [rule.rule for rule in rules if f"`{rule.rule}`" not in text]
    assert missing == []
    methods = {method for rule in rules for method in rule.methods or ()}
    assert [method for method in methods if method not in text] == []
