"""Mita's reference firmware: pulses into readings, commands into a relay. For MicroPython and CPython."""

VERSION = "0.1.0"
