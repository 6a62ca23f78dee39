"""What the README shows works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from feedsvc.config import load

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
CONFIGS = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("config", CONFIGS, ids=["smallest", "longer"])
def test_its_configurations_load(config: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(config, "utf-8")

    settings = load(path, environ={})

    assert settings.sections["macro"].title == "宏观"
    assert settings.feeds_dir == tmp_path / "feeds"


def test_its_article_is_json() -> None:
    (body,) = re.findall(r"-d '(\{.*?\})'", README)

    assert set(json.loads(body)) == {"title", "sections", "content_html"}


@pytest.mark.parametrize("document", ["README.md", *(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md"))])
def test_links_between_documents_lead_somewhere(document: str) -> None:
    path = ROOT / document
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), f"{document} leads to {target}, which is not there"


def test_the_config_at_the_top_is_the_sample() -> None:
    assert (ROOT / "config.yaml").read_text("utf-8") == (ROOT / "src/feedsvc/samples/config.yaml").read_text("utf-8")
