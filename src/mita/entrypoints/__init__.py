"""Processes: roles, commands and the demonstration. No rules live here."""

import gc

# What a process is made of comes to stay, and looking for garbage in it takes a fifth of the time of a start;
# later a request or a message leaves little behind that only a search would find. Before any other import.
gc.set_threshold(20_000, 20, 50)
