"""Mita turns meter readings into money that nobody has to argue about."""

__version__ = "0.1.0"
