"""The newest of very many sections are read off one index each way, in the place of one range for each of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for time in ("published", "updated"):
        name, columns = f"article_section_all_{time}", ("state", sa.text(f"{time} DESC"), sa.text("seq DESC"))
        op.create_index(name, "article_section", columns)
