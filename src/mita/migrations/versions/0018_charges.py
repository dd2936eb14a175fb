"""The names that the reader of an entry may know of the other side of its journal.

Revision ID: 0018
Revises: 0017
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
