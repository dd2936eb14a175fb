"""Writes of handovers, and of what is archived."""

from mita.tenancies.operations.archive import archive_estate, archive_unit
from mita.tenancies.operations.handover import hand_over
from mita.tenancies.operations.money import NotUndoable
from mita.tenancies.operations.move_out import UnitVacant
from mita.tenancies.operations.readings import ReadingRefused
from mita.tenancies.operations.swap import NewPart, SwapOrder, Swapped, swap_meter
from mita.tenancies.operations.undo import undo_handover
from mita.tenancies.operations.wallet import WalletMissing

__all__ = [
    "NewPart",
    "NotUndoable",
    "ReadingRefused",
    "SwapOrder",
    "Swapped",
    "UnitVacant",
    "WalletMissing",
    "archive_estate",
    "archive_unit",
    "hand_over",
    "swap_meter",
    "undo_handover",
]
