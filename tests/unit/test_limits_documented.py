"""docs/limits.md names every limit of config.yaml and every bound of the parsers, and says what they are."""

from __future__ import annotations

import re
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import pytest

from feedsvc.model import Limits

DOCUMENT = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
SAID = {where: said for said, where in re.findall(r"^\| [^|]+ \| ([^|]+) \| `([^`]+)` \|", DOCUMENT, re.MULTILINE)}
UNITS = {"": 1, "s": 1, "KB": 1_000, "MB": 1_000_000, "KiB": 1_024, "MiB": 1_024**2}
OF_PARSERS = (
    "ingest.bounds",
    "parse.census",
    "parse.taming",
    "feed.grammar.jsonframe",
    "config.tree",
    "config.reading",
)
OF_LIMITS = {"MAX_DEPTH", "MAX_ELEMENTS", "MAX_AUTHORS", "MAX_TAGS", "MAX_SECTIONS", "MAX_ENCLOSURES"}
"""Bounds of an article that are told as what config.yaml may say: they are the same."""


def number(said: str) -> int:
    found = re.fullmatch(r"([0-9,]+) ?([A-Za-z]*)", said)
    assert found is not None, said
    return int(found[1].replace(",", "")) * UNITS[found[2]]


@pytest.mark.parametrize("where", SAID)
def test_what_is_said_is_what_holds(where: str) -> None:
    module, _, name = where.rpartition(".")
    holds = getattr(Limits(), name) if module == "limits" else getattr(import_module(f"feedsvc.{module}"), name)
    assert number(SAID[where]) == holds


def test_every_limit_of_config_yaml_is_told() -> None:
    assert {where.removeprefix("limits.") for where in SAID if where.startswith("limits.")} == set(asdict(Limits()))


@pytest.mark.parametrize("module", OF_PARSERS)
def test_every_bound_of_a_parser_is_told(module: str) -> None:
    there = {name for name in vars(import_module(f"feedsvc.{module}")) if name.startswith("MAX_")}
    imported = {"MAX_BYTES"} if module == "feed.grammar.jsonframe" else set()
    told = {where.rpartition(".")[2] for where in SAID if where.startswith(f"{module}.")}
    assert there - imported - (OF_LIMITS if module == "ingest.bounds" else set()) == told


@pytest.mark.parametrize("name", sorted(OF_LIMITS))
def test_what_config_yaml_may_say_is_no_more_than_what_is_borne(name: str) -> None:
    assert getattr(Limits(), name.removeprefix("MAX_").lower()) == getattr(import_module("feedsvc.ingest.bounds"), name)
