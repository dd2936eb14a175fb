"""Held readings that somebody set aside: they stay, and nobody has to look at them again.

Revision ID: 0044
Revises: 0042
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
