"""Prices of sharing groups by date; numbers of members' months by role and incentive; what a run knew.

Revision ID: 0016
Revises: 0015
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
