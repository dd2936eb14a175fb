"""Green Button: real files, what is no money, and documents that are attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mita.drivers.files import Channel, UnreadableFile
from tests.unit.drivers.files.reading import content, gathered

if TYPE_CHECKING:
    from pathlib import Path

FEED = """\
<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<entry><link rel="self" href="U/9"/><content><UsagePoint xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="U/9/MeterReading/1"/><link rel="related" href="T/1"/>
<content><MeterReading xmlns="http://naesb.org/espi"/></content></entry>
<entry><link rel="self" href="U/9/MeterReading/1/IntervalBlock/1"/>
<content><IntervalBlock xmlns="http://naesb.org/espi">
<IntervalReading><cost>5</cost><timePeriod><duration>900</duration><start>1700000000</start></timePeriod>
<value>VALUE</value><ReadingQuality><quality>QUALITY</quality></ReadingQuality></IntervalReading>
</IntervalBlock></content></entry>
<entry><link rel="self" href="T/1"/><content><ReadingType xmlns="http://naesb.org/espi">
<flowDirection>FLOW</flowDirection><powerOfTenMultiplier>POWER</powerOfTenMultiplier><uom>UOM</uom>
</ReadingType></content></entry>
</feed>
"""


def feed(**changed: str) -> str:
    text = FEED
    for key, value in (
        {"value": "12", "quality": "0", "flow": "1", "power": "3", "uom": "72"} | changed
    ).items():
        text = text.replace(key.upper(), value)
    return text


def test_the_real_files(fixtures_path: Path) -> None:
    folder = fixtures_path / "metering" / "greenbutton"
    for name, count, total, first_s in (
        ("TestGBDataHourlyNineDaysBinnedDaily.xml", 216, 199_563_000, 1388552400),
        ("TestGBDataOneYearDailyBinnedMonthly.xml", 444, 9_917_817_000, None),
        ("electric_containerized.xml", 8, 4_086_000, 1293868800),
    ):
        found = gathered(content(folder / name), "greenbutton", meter="home")
        assert found.faults == []
        line = found.intervals[Channel("home", "import", "kWh")]
        assert (len(line), sum(line.quantity_micro)) == (count, total)
        assert found.utility_of == {"home": "electricity"}
        assert first_s is None or line.start_s[0] == first_s
        if count == 444:
            lengths = [end - start for start, end in zip(line.start_s, line.end_s, strict=True)]
            assert [lengths.count(each) for each in (82_800, 86_400, 90_000)] == [2, 441, 1]
    (gas,) = folder.glob("ngma*")
    assert gathered(content(gas), "greenbutton").left_out == {"uom 169 (therm)": 1}


def test_units_directions_and_quality() -> None:
    found = gathered(feed(), "greenbutton")
    line = found.intervals[Channel("9", "import", "kWh")]
    assert (list(line.quantity_micro), list(line.quality), line.end_s[0]) == ([12_000_000], [0], 1700000900)
    assert Channel("9", "export", "kWh") in gathered(feed(flow="19"), "greenbutton").intervals
    assert list(gathered(feed(quality="8"), "greenbutton").intervals.popitem()[1].quality) == [1]
    water = gathered(feed(uom="134", power="0"), "greenbutton").intervals
    assert list(water[Channel("9", "import", "m3")].quantity_micro) == [12_000]


@pytest.mark.parametrize(
    ("changed", "code", "line"),
    [
        ({"value": "-1"}, "negative_value", 8),
        ({"value": "1.5"}, "not_a_number", 8),
        ({"value": "9" * 200}, "not_a_number", 8),
        ({"power": "400"}, "bad_multiplier", 6),
    ],
)
def test_faults_have_a_line(changed: dict[str, str], code: str, line: int) -> None:
    found = gathered(feed(**changed), "greenbutton")
    assert [(fault.code, fault.line) for fault in found.faults] == [(code, line)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FEED.replace("<feed", '<!DOCTYPE feed [<!ENTITY a "b">]><feed', 1), "line 2: a document type"),
        (FEED.replace("</feed>", ""), "no XML"),
        ("<html></html>", "no Atom feed"),
        ('<?xml version="1.0" encoding="UT-8"?><feed/>', "no XML: unknown encoding"),
        ("", "the file is empty"),
        ('<feed xmlns="http://www.w3.org/2005/Atom"></feed>', "no block of intervals"),
    ],
)
def test_what_is_no_green_button_file(text: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        gathered(text, "greenbutton")
