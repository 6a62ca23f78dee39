"""docs/configuration.md and the JSON Schema name every key there is, and the document's examples are what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from feedsvc.config import json_schema, load
from feedsvc.config.mapping import Shape
from feedsvc.config.shape import SHAPES, FileShape, SectionShape
from feedsvc.errors import ConfigError

DOCUMENT = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
HEADINGS: dict[str, type[Shape]] = {
    "Top level": FileShape,
    "`sections`": SectionShape,
    **{f"`{name}`": shape for name, shape in SHAPES.items()},
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_key_is_documented(heading: str) -> None:
    _, _, rest = DOCUMENT.partition(f"\n## {heading}\n")
    lines = re.findall(r"^\| `.*$", rest.partition("\n## ")[0], re.MULTILINE)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert sorted(name.strip("`") for name, *_ in rows) == sorted(HEADINGS[heading].model_fields)
    assert all(meaning and example for _, meaning, _, example in rows)


def objects(schema: Any) -> dict[str, dict[str, Any]]:
    return {"FileShape": schema, **schema["$defs"]}


def test_the_schema_has_the_keys_of_the_file_and_explains_each() -> None:
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    by_name = objects(schema)
    for shape in HEADINGS.values():
        written = by_name[shape.__name__]
        assert list(written["properties"]) == list(shape.model_fields)
        assert written["additionalProperties"] is False
        for value in written["properties"].values():
            shown = {**by_name.get(value.get("$ref", "").rpartition("/")[2], {}), **value}
            assert shown["description"]
            assert shown["title"]
    assert set(by_name) == {shape.__name__ for shape in HEADINGS.values()}


def test_the_schema_bounds_what_it_names() -> None:
    schema = json_schema()
    section = schema["$defs"]["SectionShape"]
    assert section["required"] == ["title"]
    assert section["not"] == {
        "required": ["include"],
        "anyOf": [{"required": ["aliases"]}, {"required": ["withdrawals"]}],
    }
    for name, fewest in {"formats": 1, "include": 1, "aliases": 0, "categories": 0}.items():
        assert section["properties"][name]["uniqueItems"] is True
        assert section["properties"][name].get("minItems", 0) == fewest
    assert section["properties"]["content"]["enum"] == ["full", "summary"]
    assert section["properties"]["formats"]["items"]["enum"] == ["rss", "atom", "json"]
    assert (section["properties"]["limit"]["minimum"], section["properties"]["limit"]["maximum"]) == (1, 500)
    assert schema["required"] == ["site", "sections"]
    sections = schema["properties"]["sections"]
    assert (sections["minProperties"], sections["additionalProperties"]) == (1, False)
    (slug,) = sections["patternProperties"]
    for name, is_right in {
        "macro": 1,
        "a-1": 1,
        "all": 0,
        "index": 0,
        "allied": 1,
        "Macro": 0,
        "宏观": 0,
        "": 0,
    }.items():
        assert bool(re.search(slug, name)) == bool(is_right), name
    assert "null" not in json.dumps(schema)


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_load_without_a_mistake(tmp_path: Path, number: int) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(EXAMPLES[number])
    settings = load(path, {})
    assert settings.site.title == "江畔新闻"
    assert "macro" in settings.plain


def test_the_whole_example_says_what_its_comments_say(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(EXAMPLES[1])
    settings = load(path, {})
    assert settings.resolve_section("宏觀") == "macro"
    assert settings.sections["briefing"].schedule.cron == "0 6 * * mon,tue,wed,thu,fri"
    assert settings.feeds_of(("finance",)) == ("finance", "economy", "all")
    assert settings.database_url == f"sqlite:///{tmp_path}/feedsvc.db"
    used = set(re.findall(r"[a-z_]+(?=:)", EXAMPLES[1]))
    keys = {name for shape in HEADINGS.values() for name in shape.model_fields}
    assert keys - used == {"type", "schedule", "formats"} - used, "every key is shown in the example"


def test_the_mistaken_example_gives_the_errors_shown(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(EXAMPLES[-1])
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    shown = re.findall(r"```text\n(.*?)```", DOCUMENT, re.DOTALL)[-1]
    assert str(caught.value).replace(f"{tmp_path}/", "") == shown.strip()
