"""The command line as a whole: finding its config, failing clearly, starting fast."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from commands import Site, run
from feedsvc import __version__
from feedsvc.cli import main
from feedsvc.cli.commands import COMMANDS
from service import DEADLINE_SECONDS, FEEDSVC, wait_until

HEAVY = {"alembic", "feedgen", "feedparser", "flask", "granian", "pydantic", "rich", "sqlalchemy"}
DOCS = Path(__file__).parents[3] / "docs" / "cli.md"


def walk(command: click.Command, names: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command below this one, groups too, with the words that call it."""
    context = click.Context(command)
    if not isinstance(command, click.Group):
        return [(names, command)]
    found: list[tuple[tuple[str, ...], click.Command]] = [(names, command)] if names else []
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        assert below is not None
        found += walk(below, (*names, name))
    return found


EVERY = walk(main)


def test_help_names_every_command_and_imports_nothing_heavy() -> None:
    program = "import sys; from feedsvc.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert HEAVY & set(done.stdout.split()) == set()


@pytest.mark.parametrize("names", [names for names, _ in EVERY], ids=" ".join)
def test_every_command_explains_itself(names: tuple[str, ...]) -> None:
    for flag in ("-h", "--help"):
        assert "Usage: feedsvc" in run(*names, flag).stdout


@pytest.mark.parametrize(("names", "command"), EVERY, ids=[" ".join(names) for names, _ in EVERY])
def test_every_command_and_option_is_documented(names: tuple[str, ...], command: click.Command) -> None:
    rows = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("| `")]
    row = next((row for row in rows if re.search(rf"`{' '.join(names)}[ `]", row)), None)
    if isinstance(command, click.Group):
        return
    assert row, f"docs/cli.md does not name {' '.join(names)}"
    if names != ("article", "add"):  # its options are one for each field
        options = {option for each in command.params for option in each.opts if option.startswith("--")}
        assert {option for option in options - {"--config", "--json"} if option not in row} == set()


@pytest.mark.parametrize(
    "names", [(), *(names for names, command in EVERY if isinstance(command, click.Group))], ids=" ".join
)
def test_no_summary_of_a_command_is_cut(names: tuple[str, ...]) -> None:
    assert "..." not in run(*names, "--help").stdout.partition("Commands:")[2]


@pytest.mark.parametrize(("names", "command"), EVERY, ids=[" ".join(names) for names, _ in EVERY])
def test_an_option_that_may_be_repeated_says_so(names: tuple[str, ...], command: click.Command) -> None:
    repeated = [one for one in command.params if isinstance(one, click.Option) and one.multiple]
    assert [one.name for one in repeated if "may be repeated" not in (one.help or "")] == []


@pytest.mark.parametrize(("typed", "meant"), [(("sevre",), "serve"), (("article", "wihdraw"), "withdraw")])
def test_a_misspelt_command_is_guessed(typed: tuple[str, ...], meant: str) -> None:
    failed = run(*typed, expect=2)
    assert failed.stderr.count(f"Did you mean '{meant}'?") == 1


def test_version() -> None:
    assert run("--version").stdout == f"feedsvc {__version__}\n"


def test_config_is_given_before_or_after_the_command_or_by_environment_or_stands_here(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_path = run("--config", site.config, "config", "check").stderr
    assert by_path.startswith(f"{site.config} is right")
    assert run("config", "check", "-c", site.config).stderr == by_path
    assert run("config", "check", env={"FEEDSVC_CONFIG": str(site.config)}).stderr == by_path
    monkeypatch.chdir(site.folder)
    monkeypatch.delenv("FEEDSVC_CONFIG", raising=False)
    assert run("config", "check").stderr == by_path


def test_a_config_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.yaml"
    failed = run("-c", missing, "status", expect=2)
    assert str(missing) in failed.stderr
    assert failed.stdout == ""


@pytest.mark.parametrize("arguments", [("nonsense",), ("status", "--nonsense"), ("regenerate",), ("import",)])
def test_wrong_use_is_exit_code_2(site: Site, arguments: tuple[str, ...]) -> None:
    failed = site.run(*arguments, expect=2)
    assert "Usage: feedsvc" in failed.stderr
    assert failed.stdout == ""


def test_a_bad_config_is_exit_code_2_with_all_its_problems(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("site:\n  title: X\n  base_url: nowhere\nsections:\n  a: {titel: A}\n")
    failed = run("-c", config, "status", expect=2)
    assert f"{config}:3:" in failed.stderr
    assert f"{config}:5:" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_config_that_broke_is_told_while_the_last_good_one_is_in_force(site: Site) -> None:
    site.change_config("title: 宏观", "titel: 宏观")
    done = site.run("status", "--json")
    assert "last good one is in force" in done.stderr
    assert "titel" in done.stderr
    assert site.run("status").stderr.count("unknown key `titel`") == 1


def test_a_database_out_of_reach_is_exit_code_1_in_a_sentence(site: Site) -> None:
    site.change_config("server:", "database: postgresql://someone:secret@127.0.0.1:1/news\nserver:")
    failed = site.run("article", "list", expect=1)
    assert "127.0.0.1" in failed.stderr
    assert "secret" not in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_reader_that_goes_away_is_quiet(site: Site) -> None:
    command = [*FEEDSVC, "-c", str(site.config), "article", "list"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_SECONDS, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_ctrl_c_is_quiet(site: Site) -> None:
    # Whoever runs the tests in the background has SIGINT ignored, and what they start would, too.
    heeding = ["env", "--default-signal=INT"]
    command = [*heeding, *FEEDSVC, "-c", str(site.config), "article", "add", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        waiting = Path(f"/proc/{process.pid}/wchan")
        wait_until(lambda: "pipe" in waiting.read_text(), "the command to read its standard input")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=DEADLINE_SECONDS) == ("", "")
    assert process.returncode == 130


def test_colours_stay_off_where_asked(site: Site) -> None:
    failed = site.run("article", "show", "nothing", expect=1, NO_COLOR="1")
    assert failed.stderr == "There is no article 'nothing'.\n"


def test_python_m_feedsvc_is_feedsvc() -> None:
    done = subprocess.run([sys.executable, "-m", "feedsvc", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: feedsvc ")


def test_no_command_lets_a_terminal_obey_a_stranger(site: Site, tmp_path: Path) -> None:
    evil = "甲\u202egpj\u2066\u200f👨\u200d👩乙"
    feed = tmp_path / "\x1b[2Jevil.json"
    item = {"id": "tag:x\u202e", "title": evil, "content_text": evil, "tags": [evil], "authors": [{"name": evil}]}
    items = [item, {"id": "2", "title": evil, "date_published": evil, "content_text": "\x9b2J"}, {"title": evil}]
    feed.write_text(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": evil, "items": items}))
    outputs = [
        site.run("import", feed, "--section", "tech", "--dry-run", expect=1),
        site.run("import", feed, "--section", "tech", "--json", expect=1),
        site.run("migrate", "check", feed, "--section", "tech", expect=0),
        site.run("migrate", "check", feed, "--section", "tech", "--json", expect=0),
        site.run("regenerate", "tech"),
        site.run("article", "list"),
        site.run("article", "list", "--json"),
        site.run("article", "show", "tag:x\u202e"),
        site.run("article", "why", "tag:x\u202e"),
        site.run("article", "show", "\x1b[2J", expect=1),
        site.run("verify", feed, expect=1),
        site.run("verify", "--json", feed, expect=1),
        site.run("verify", "\x1b[2J.rss", expect=2),
        site.run("status"),
        site.run("quarantine"),
    ]
    for each in outputs:
        assert set("\x1b\x9b\u202e\u2066\u200f") & set(each.output) == set(), each.output
    assert any("👨\u200d👩乙" in each.output for each in outputs)
