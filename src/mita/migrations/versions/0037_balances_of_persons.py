"""Balances that several persons ask for at the same time are one statement.

Revision ID: 0037
Revises: 0036
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
