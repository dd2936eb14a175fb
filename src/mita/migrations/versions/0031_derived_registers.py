"""Registers made of pulses, of values multiplied by factors, and of other registers.

Revision ID: 0031
Revises: 0030
"""

from pathlib import Path

from alembic import op

from mita.migrations.script import run_script

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
