"""Readings into charges, decided without a database."""
