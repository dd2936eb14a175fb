"""Meters and devices of the estate: warmth, silence, hands, wires, what is derived, and files."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from mita.credit import operations as credit
from mita.devices import operations as devices
from mita.drivers.wire import Alarm
from mita.entrypoints.lane import Lane
from mita.estates import queries as estate_queries
from mita.identity.domain import Principal
from mita.imports import operations as imports
from mita.imports.domain import Mode, ReadingTerms
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingBatch
from mita.rounds import operations as rounds
from mita.rounds.domain import WindowRule
from mita.webhooks import operations as webhooks
from mita.webhooks.domain import NO_PRIVATE, Answer, Topic

from .seeds_of_rates import NOW

if TYPE_CHECKING:
    from mita.kit.db import Database


async def read(database: Database, *rows: tuple[int, int, str], estate_id: int) -> None:
    """Charge (seconds, value, serial) one by one."""
    lane = Lane(database, estate_id=estate_id)
    start = int(NOW.timestamp()) - 7200
    for seconds, value, serial in rows:
        batch = ReadingBatch(
            key=[(serial, "import", "kWh")],
            taken_s=np.array([start + seconds]),
            value_micro=np.array([value * 1_000_000]),
            source="test",
            received_us=int(NOW.timestamp()) * 1_000_000,
        )
        await lane.charge(batch, now=NOW)


async def measure_warmth(database: Database, *, estate_id: int) -> None:
    """A reading with a temperature."""
    taken_s = int(NOW.timestamp()) - 600
    batch = ReadingBatch(
        key=[("m1", "import", "kWh")],
        taken_s=np.array([taken_s]),
        value_micro=np.array([12_000_000]),
        source="test",
        received_us=int(NOW.timestamp()) * 1_000_000,
        temperature_centi={0: 5825},
    )
    await Lane(database, estate_id=estate_id).charge(batch, now=NOW)


async def fall_silent(database: Database, *, estate_id: int) -> None:
    """A meter that sends nothing for months, of which an endpoint is told that is gone."""
    later = NOW + dt.timedelta(days=90)
    terms = webhooks.EndpointTerms("https://example.com/hook", tuple(Topic))
    async with database.unit_of_work(estates=[estate_id]) as session:
        await webhooks.create_endpoint(
            session, estate_id=estate_id, terms=terms, rules=NO_PRIVATE, actor="staff:test", now=NOW
        )
        await metering.set_silence_rule(session, estate_id=estate_id, silent_hours=48, now=NOW)
        await metering.set_loss_rule(session, estate_id=estate_id, limit_micro=75_000, now=NOW)
        assert await metering.notice_silence(session, estate_id=estate_id, now=later) == 1
        claimed = await webhooks.claim_due(
            session, busy={}, at_once=9, limit=9, claim_for=dt.timedelta(minutes=1), now=later
        )
        answer = Answer(status=500, error=None, duration_ms=12)
        tried = [webhooks.Tried(each, answer, later, spread_permille=0) for each in claimed]
        await webhooks.record_tries(session, tried=tried, now=later)


async def read_by_hand(database: Database, *, estate_id: int) -> None:
    """A window on whose last day residents are reminded, and a meter that is then read."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        rule = WindowRule(NOW.date(), 1, 10, "view")
        by = {"actor": "staff:test", "now": NOW}
        await rounds.set_window_rule(session, estate_id=estate_id, rule=rule, **by)
        unit = (await estate_queries.units(session, estate_id=estate_id))[0]
        meter = metering.NewMeter(unit.unit_id, "hand", "electricity", is_read_by_hand=True)
        (meter_id,) = await metering.install_meters(session, estate_id=estate_id, meters=[meter], now=NOW)
        assert not await rounds.remind_residents(session, estate_id=estate_id, now=NOW)
        asked = rounds.HandReading(meter_id, None, 1_000_000, "kWh", NOW)
        await rounds.take_reading(
            session, estate_id=estate_id, asked=asked, caller=Principal("test"), now=NOW
        )


async def register_device(database: Database, *, estate_id: int) -> None:
    """A device with a codec that is watched while it complains."""
    of_estate = {"estate_id": estate_id, "now": NOW}
    async with database.unit_of_work(estates=[estate_id]) as session:
        codec = await devices.new_codec(session, name="acme", body="function decodeUplink(i) {}", **of_estate)
        terms = devices.DeviceTerms(codec_id=codec.codec_id)
        row = await devices.register_device(
            session, driver="tasmota", address=f"plug-{estate_id}", terms=terms, **of_estate
        )
        await devices.watch(session, device_id=row.device_id, **of_estate)
        # nobody reaches it
        emlite = await devices.register_device(
            session,
            driver="emop",
            address=f"flat-{estate_id}",
            terms=devices.DeviceTerms(settings={"url": "tcp://127.0.0.1"}),
            **of_estate,
        )
        await devices.ask_clock(
            session, device_id=emlite.device_id, may_cross=True, asked_by="test", **of_estate
        )
        await devices.take_counter(session, estate_id=estate_id, name=emlite.name, key="k", count=10)
        # which is given a token
        (unit, *_) = await estate_queries.units(session, estate_id=estate_id)
        prepaid = metering.NewMeter(unit.unit_id, "prepaid", "electricity", device=emlite.name)
        (meter_id,) = await metering.install_meters(session, meters=[prepaid], **of_estate)
        typed = credit.Typed(meter_id, "66475648316756821785", "person:1")
        await credit.key_in_token(session, typed=typed, **of_estate)
        frame = devices.Passed("tele/plug/SENSOR", b"{}", {"readings": 0})
        said = devices.Noted(row.name, NOW, reports=[Alarm("tamper", "opened")], frames=[frame])
        await devices.note(session, estate_id=estate_id, noted=[said])
        await devices.set_issue_rule(session, estate_id=estate_id, kinds=["leak"], frozen_days=30, now=NOW)
        # the token of a device that nobody registered ends
        assert await devices.note_tokens(session, estate_id=estate_id, now=NOW + dt.timedelta(days=40)) == 1


async def derive(database: Database, *, estate_id: int) -> None:
    """A register that counts pulses, one that is multiplied, and one that is made of both."""
    of_estate = {"estate_id": estate_id, "now": NOW}
    staff = {"actor": "staff:test", **of_estate}
    async with database.unit_of_work(estates=[estate_id]) as session:
        (unit, *_) = await estate_queries.units(session, estate_id=estate_id)
        names = ("import", "export", "both")
        meter = metering.NewMeter(unit.unit_id, "made", "electricity", names)
        (meter_id,) = await metering.install_meters(session, meters=[meter], **of_estate)
        rows = await metering_queries.registers_of_meter(session, estate_id=estate_id, meter_id=meter_id)
        counted, multiplied, both = (row.register_id for row in rows)
        counter = metering.NewCounter("1000 imp/kWh", 16)
        await metering.set_pulse_counter(session, register_id=counted, new=counter, **staff)
        factor = metering.NewFactor("200/5", "transformers")
        await metering.set_factor(session, register_id=multiplied, new=factor, **staff)
        made = metering.NewVirtualMeter((counted, multiplied), (), ((both, "1"),), 3600, NOW)
        await metering.set_virtual_meter(session, new=made, **staff)


async def import_files(database: Database, *, estate_id: int) -> None:
    new = imports.NewFile("units", "units.csv", b"name\nimported\n", Mode.VALID_ROWS, False, "seed")
    async with database.unit_of_work(estates=[estate_id]) as session:
        await imports.receive_file(session, estate_id=estate_id, new=new, actor="staff:test", now=NOW)
    terms = ReadingTerms("nem12")
    sent = imports.NewReadingFile("march.csv", b"100,NEM12", terms, Mode.VALID_ROWS, False, "seed")
    async with database.unit_of_work(estates=[estate_id]) as session:
        await imports.receive_reading_file(
            session, estate_id=estate_id, new=sent, actor="staff:test", now=NOW
        )
