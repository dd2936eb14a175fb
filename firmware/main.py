"""What MicroPython starts: reads config.json and goes round until the power goes."""

import json
import time

import machine

from mita_meter.app import App
from mita_meter.board import Board

with open("config.json") as file:
    config = json.load(file)
try:
    app = App(config, Board(config))
    while True:
        app.turn()
        time.sleep_ms(20)
except Exception as error:  # noqa: BLE001 - whatever it is, a meter that stands still is worse than one that begins again
    print("restarts:", repr(error))  # noqa: T201
    time.sleep(5)
    machine.reset()
