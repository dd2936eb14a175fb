"""What a person sees of a unit begins and ends with their time in it.

Revision ID: 0026
Revises: 0025
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
