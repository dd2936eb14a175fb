"""Modbus: register maps of meter models, and what was read with them into readings. Pure.

A *word* is what Modbus calls a register: 16 bits at an address. A *point* of a map is a value in one, two or
four words; a *block* is a run of words that is asked for at once. A register stays what it is elsewhere: a
cumulative counter.

Not built: searching a bus for units, setting a meter's own parameters, texts and file records, Modbus ASCII
and Modbus over TLS.
"""
