"""Exit statuses of commands; apart from what talks to databases, so that commands without one start fast."""

BAD_INPUT = 2
