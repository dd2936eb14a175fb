"""Periods, holds, reversals, adjustments; one function that books a small journal.

Revision ID: 0004
Revises: 0003
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
