"""`feedsvc config`: what is wrong, all of it, and what there is to say."""

from __future__ import annotations

import json
from pathlib import Path

from commands import Site, run


def test_check_sums_up_a_right_config_and_opens_nothing(site: Site) -> None:
    (site.folder / "feedsvc.db").unlink()
    done = site.run("config", "check")
    assert "7 sections and 1 combination," in done.stderr
    assert done.stdout == ""
    assert not (site.folder / "feedsvc.db").exists()


def test_check_counts_as_people_do(tmp_path: Path) -> None:
    run("init", tmp_path)
    assert "is right: 1 section, database" in run("-c", tmp_path / "config.yaml", "config", "check").stderr


def test_check_names_every_problem_with_its_place(site: Site) -> None:
    site.change_config("title: 宏观\n", "titel: 宏观\n")
    site.change_config("[macro, finance]", "[macro, finanec]")
    failed = site.run("config", "check", expect=2)
    found = [line for line in failed.stderr.splitlines() if line.startswith(f"{site.config}:")]
    assert any("titel" in line for line in found)
    assert any("finance" in line for line in found)


def test_check_hides_no_break_behind_the_last_good_config(site: Site) -> None:
    site.run("status")
    site.change_config("port: 8000", "port: eight")
    site.run("config", "check", expect=2)


def test_schema_is_json_schema() -> None:
    schema = json.loads(run("config", "schema").stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"site", "sections"} <= set(schema["properties"])
