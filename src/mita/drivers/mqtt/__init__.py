"""Gadgets that speak MQTT in conventions of their own; README.md tells which and what is not built."""
