"""The functions of the hash chain are carried out inside the statement that calls them.

Revision ID: 0010
Revises: 0009
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
