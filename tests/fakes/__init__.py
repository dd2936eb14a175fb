"""Servers and devices of other people, as real servers on loopback."""
