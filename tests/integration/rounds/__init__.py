"""Readings by hand on a real database."""
