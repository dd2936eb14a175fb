"""Manufacturers' codecs: JavaScript that knows a device's bytes, run unchanged and bounded.

``runner`` runs them in a process of their own, ``examples`` tries them, ``suggest`` says which of their
values are registers. A codec is a script, or a module that imports nothing. Not built: ``require`` of
anything, timers, promises that are waited for, dates in the manner of a country, and so codecs that need
them, such as those that decrypt with ``crypto``.
"""
