"""The reference firmware, run by CPython; it is no part of the package."""
