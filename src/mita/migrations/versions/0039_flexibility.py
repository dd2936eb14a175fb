"""Flexibility: hours for which units are asked to use less, who takes part, and what became of it.

Revision ID: 0039
Revises: 0038
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
