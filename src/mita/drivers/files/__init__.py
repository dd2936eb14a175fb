"""Files of head-ends: bytes of a file into intervals and register values, each fault with its line. Pure.

``read`` reads a whole file into ``Gathered``; ``accumulate`` turns the intervals of a register into readings
of a counter that goes on from what is known of it. Money comes from those alone.

Read are NEM12 and NEM13, Green Button (ESPI), DSMR P1 telegrams and CSV by a profile. Not read: NEM12 net,
average and check channels, ESPI registers that are not deltas, ESPI gas in therms (no volume), telegrams
before DSMR 4 (they carry neither a time nor a checksum), spreadsheets. A multiplier between a register and
its consumption (NEM13 behind transformers) is refused, not guessed.
"""

from mita.drivers.files.accumulate import Accumulated, Known, Rules, Waiting, accumulate, settled, span_s
from mita.drivers.files.gathered import Channel, Fault, Gathered, Intervals, UnreadableFile, Values
from mita.drivers.files.guess import BEGINNING_BYTES, guess_layout
from mita.drivers.files.packed import unpacked
from mita.drivers.files.profile import Profile, ProfileInvalid, built_in_profiles, parse_profile
from mita.drivers.files.reading import LAYOUTS, Options, read

__all__ = [
    "BEGINNING_BYTES",
    "LAYOUTS",
    "Accumulated",
    "Channel",
    "Fault",
    "Gathered",
    "Intervals",
    "Known",
    "Options",
    "Profile",
    "ProfileInvalid",
    "Rules",
    "UnreadableFile",
    "Values",
    "Waiting",
    "accumulate",
    "built_in_profiles",
    "guess_layout",
    "parse_profile",
    "read",
    "settled",
    "span_s",
    "unpacked",
]
