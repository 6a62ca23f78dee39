"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The release before this one goes on reading and writing while this runs, and after it (docs/operations.md,
    # "Updating"): only add what it need not know. What it uses goes one release later, and with that step a new era
    # begins: the first digit of the revision rises (0012 -> 1000), so that code of an older one is not started on it.
    ${upgrades or "raise NotImplementedError"}
