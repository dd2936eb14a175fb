"""Tests. What is collected comes to stay: looking for garbage meanwhile takes more than half of the time."""

import gc

# before any test or any part of Mita is imported
gc.set_threshold(100_000, 50, 1_000)
