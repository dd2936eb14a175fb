"""Schema changes: forward only, data kept."""
