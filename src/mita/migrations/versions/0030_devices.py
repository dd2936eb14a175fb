"""Devices: how each is spoken to, how it is, what is wrong with it; codecs; commands that are tried again.

Revision ID: 0030
Revises: 0029
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
