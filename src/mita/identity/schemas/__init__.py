"""Request and response shapes of identity; other features take words from here."""

from .people import Email, Phone

__all__ = ["Email", "Phone"]
