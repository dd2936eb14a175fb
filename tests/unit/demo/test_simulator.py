"""The demo's people and meters: believable, whole, never backwards, and the same for the same seed."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from mita.entrypoints.demo.households import with_check_digit
from mita.entrypoints.demo.simulator import HouseholdKind, Live, history, neighbourhood, top_ups

SEED = 7
# Midnight in Johannesburg, which is two hours ahead of UTC all year.
NEW_YEAR = datetime(2025, 12, 31, 22, tzinfo=UTC)
JULY = datetime(2026, 6, 30, 22, tzinfo=UTC)
RAND = 1_000_000
WILLOW_CREEK, OAK_GARDENS = neighbourhood(seed=SEED)
UNITS = WILLOW_CREEK.units + OAK_GARDENS.units
OCCUPIED = np.array([unit.occupants > 0 for unit in UNITS])
LEAKING = np.array([unit.leak_litres_per_hour > 0 for unit in UNITS])


@pytest.fixture(scope="module")
def year():
    """Hourly Wh and litres of 2026 in local time, [365 days, 24 hours, 125 units], as integers."""
    runs = [history(estate, start=NEW_YEAR, hours=8760, seed=SEED) for estate in (WILLOW_CREEK, OAK_GARDENS)]
    wh = np.hstack([np.diff(run.electricity_micro, axis=0) // 1000 for run in runs])
    litres = np.hstack([np.diff(run.water_micro, axis=0) // 1000 for run in runs])
    return wh.reshape(365, 24, 125), litres.reshape(365, 24, 125)


def months(days):
    """Sum [365, units] into the twelve months of 2026."""
    lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    edges = np.concatenate([[0], np.cumsum(lengths)])
    return np.stack([days[a:b].sum(axis=0) for a, b in pairwise(edges)])


def live_from_opening(estate, *, start=JULY, seed=SEED):
    return Live(
        estate,
        start=start,
        electricity_micro=np.array([unit.opening_electricity_micro for unit in estate.units]),
        water_micro=np.array([unit.opening_water_micro for unit in estate.units]),
        seed=seed,
    )


class TestNeighbourhood:
    def test_has_two_estates_with_their_names(self):
        assert (WILLOW_CREEK.name, len(WILLOW_CREEK.units)) == ("Willow Creek", 50)
        assert (OAK_GARDENS.name, len(OAK_GARDENS.units)) == ("Oak Gardens", 75)
        assert {(e.currency, e.time_zone) for e in (WILLOW_CREEK, OAK_GARDENS)} == {
            ("ZAR", "Africa/Johannesburg")
        }
        assert [WILLOW_CREEK.units[i].name for i in (0, 9, 10, 49)] == ["A-01", "A-10", "B-01", "E-10"]
        assert [OAK_GARDENS.units[i].name for i in (0, 14, 15, 74)] == ["101", "115", "201", "515"]

    def test_names_and_serials_are_unique(self):
        residents = [unit.resident_name for unit in UNITS if unit.occupants]
        assert len(set(residents)) == len(residents) == 120
        assert len({unit.electricity_serial for unit in UNITS} | {unit.water_serial for unit in UNITS}) == 250

    def test_households_are_mixed(self):
        kinds = Counter(unit.kind for unit in UNITS)
        assert kinds == {"single": 32, "couple": 30, "family": 28, "students": 15, "retired": 15, "vacant": 5}
        assert all(3 <= unit.occupants <= 5 for unit in UNITS if unit.kind is HouseholdKind.FAMILY)
        vacant = {(u.resident_name, u.occupants, u.trips) for u in UNITS if u.kind is HouseholdKind.VACANT}
        assert vacant == {(None, 0, ())}

    def test_pools_and_gardens_are_in_willow_creek_and_one_unit_leaks(self):
        assert sum(unit.has_pool_pump for unit in WILLOW_CREEK.units) == 12
        assert sum(unit.has_garden for unit in WILLOW_CREEK.units) == 40
        assert not any(unit.has_pool_pump or unit.has_garden for unit in OAK_GARDENS.units)
        assert LEAKING.sum() == 1

    def test_same_seed_same_people(self):
        assert neighbourhood(seed=SEED) == (WILLOW_CREEK, OAK_GARDENS)
        assert neighbourhood(seed=8) != (WILLOW_CREEK, OAK_GARDENS)

    def test_electricity_serials_end_in_the_luhn_digit(self):
        assert with_check_digit("1234567890") == "12345678903"
        assert with_check_digit("43135625623") == "431356256237"
        assert with_check_digit("7861754265922") == "78617542659220"
        assert all(with_check_digit(u.electricity_serial[:-1]) == u.electricity_serial for u in UNITS)


class TestHistory:
    def test_begins_at_the_opening_and_never_goes_back(self):
        run = history(WILLOW_CREEK, start=NEW_YEAR, hours=48, seed=SEED)
        assert run.electricity_micro.shape == run.water_micro.shape == (49, 50)
        assert run.electricity_micro.dtype == run.water_micro.dtype == np.int64
        assert run.electricity_micro[0].tolist() == [u.opening_electricity_micro for u in WILLOW_CREEK.units]
        assert run.water_micro[0].tolist() == [u.opening_water_micro for u in WILLOW_CREEK.units]
        for registers in (run.electricity_micro, run.water_micro):
            assert (np.diff(registers, axis=0) >= 0).all()
            assert not (registers % 1000).any()
            assert registers[-1].sum() > registers[0].sum()

    def test_same_seed_same_readings_and_a_longer_run_begins_with_the_shorter(self):
        short = history(OAK_GARDENS, start=NEW_YEAR, hours=700, seed=SEED)
        long = history(OAK_GARDENS, start=NEW_YEAR, hours=800, seed=SEED)
        other = history(OAK_GARDENS, start=NEW_YEAR, hours=700, seed=8)
        assert np.array_equal(short.electricity_micro, long.electricity_micro[:701])
        assert np.array_equal(short.water_micro, long.water_micro[:701])
        assert not np.array_equal(short.electricity_micro, other.electricity_micro)

    def test_months_are_believable(self, year):
        wh, litres = (months(flow.sum(axis=1)) for flow in year)
        occupied_wh, occupied_litres = wh[:, OCCUPIED], litres[:, OCCUPIED]
        assert 100_000 <= occupied_wh.min() < occupied_wh.max() <= 900_000
        # Four cubic metres is a single's month at home; a week away may take it a little lower.
        assert 3_300 <= occupied_litres.min() < occupied_litres.max() <= 30_000
        assert occupied_litres.mean(axis=0).min() >= 4_000

    def test_bigger_households_use_more(self, year):
        wh, litres = (flow.sum(axis=(0, 1)) for flow in year)
        people = np.array([unit.occupants for unit in UNITS])
        for flow in (wh, litres):
            means = [flow[people == n].mean() for n in range(6)]
            assert means == sorted(means)

    def test_vacant_units_use_next_to_nothing(self, year):
        wh, litres = (months(flow.sum(axis=1))[:, ~OCCUPIED] for flow in year)
        assert 0 < wh.min() < wh.max() < 15_000
        assert litres.max() < 200

    def test_days_have_a_morning_and_an_evening_peak(self, year):
        for flow in year:
            weekday = np.array([day for day in range(365) if (day + 3) % 7 < 5])  # 1 January 2026: Thursday
            hourly = flow[weekday].mean(axis=(0, 2))
            assert 6 <= hourly[:12].argmax() <= 8
            assert 17 <= 12 + hourly[12:].argmax() <= 20
            midday, night = hourly[11:15].max(), hourly[1:4].max()
            assert min(hourly[:12].max(), hourly[12:].max()) > 1.5 * midday
            assert midday > 1.2 * night

    def test_weekends_bring_workers_home_at_midday(self, year):
        singles = [i for i, unit in enumerate(UNITS) if unit.kind is HouseholdKind.SINGLE]
        weekend = np.array([(day + 3) % 7 >= 5 for day in range(365)])
        midday = year[0][:, 10:15][:, :, singles].mean(axis=(1, 2))
        assert midday[weekend].mean() > 1.5 * midday[~weekend].mean()

    def test_winter_needs_more_power_and_summer_more_water_for_gardens(self, year):
        wh, litres = (months(flow.sum(axis=1)) for flow in year)
        july, january = 6, 0
        assert (wh[july, OCCUPIED] > wh[january, OCCUPIED]).mean() > 0.97
        assert wh[july].sum() > 1.25 * wh[january].sum()
        gardens = np.array([unit.has_garden for unit in UNITS])
        assert litres[january, gardens].sum() > 1.12 * litres[july, gardens].sum()
        indoor = litres[january, ~gardens].sum() / litres[july, ~gardens].sum()
        assert 0.9 < indoor < 1.05

    def test_a_leak_shows_at_night_and_only_there(self, year):
        quietest = year[1][:, 1:5].min(axis=(0, 1))
        assert quietest[LEAKING].tolist() == [16]
        assert quietest[~LEAKING].max() == 0
        nightly = year[1][:, 1:5].mean(axis=(0, 1))
        assert nightly[LEAKING].min() > 2 * nightly[~LEAKING].max()

    def test_people_on_a_trip_leave_only_what_runs_by_itself(self, year):
        evening_wh = night_wh = 0
        for i, unit in enumerate(UNITS):
            for trip in unit.trips:
                if unit.leak_litres_per_hour or trip.first_day_of_year > 340:
                    continue
                # What was running when the door closed may finish on the first day.
                away = slice(trip.first_day_of_year, trip.first_day_of_year - 1 + trip.days)
                assert year[1][away, :, i].sum() == 0
                assert (year[0][away, :, i] > 0).all()
                evening_wh += year[0][away, 19:22, i].sum()
                night_wh += year[0][away, 1:4, i].sum()
        # The fridge and the geyser's losses know no evening; lights and heaters would.
        assert 0.9 * night_wh < evening_wh < 1.1 * night_wh

    @pytest.mark.parametrize(
        ("start", "hours"),
        [(datetime(2026, 1, 1), 1), (NEW_YEAR + timedelta(minutes=30), 1), (NEW_YEAR, -1)],  # noqa: DTZ001 - naive on purpose
    )
    def test_refuses_a_start_that_is_no_whole_hour_in_utc(self, start, hours):
        with pytest.raises(ValueError, match=r"UTC|whole hour|negative"):
            history(WILLOW_CREEK, start=start, hours=hours, seed=SEED)


class TestLive:
    def test_no_electricity_when_it_is_off_but_water_runs(self):
        live = live_from_opening(WILLOW_CREEK)
        on = np.ones(50, dtype=np.bool_)
        on[:20] = False
        before, water_before = live.step(now=JULY, seconds=900, electricity_on=np.ones(50, dtype=np.bool_))
        electricity, water = live.step(now=JULY, seconds=86_400, electricity_on=on)
        assert electricity[:20].tolist() == before[:20].tolist()
        assert (electricity[20:] > before[20:]).all()
        assert (water - water_before)[:20].sum() > 20 * 50 * 1000

    def test_the_geyser_catches_up_when_the_supply_returns(self):
        evening = JULY + timedelta(hours=17)
        used = []
        for on_in_the_evening in (True, False):
            live = live_from_opening(OAK_GARDENS)
            switch = np.full(75, on_in_the_evening)
            before, _ = live.step(now=evening, seconds=4 * 3600, electricity_on=switch)
            after, _ = live.step(
                now=evening + timedelta(hours=4), seconds=3600, electricity_on=np.ones(75, dtype=np.bool_)
            )
            used.append((after - before).sum())
        assert used[1] > 1.5 * used[0]

    def test_small_steps_stay_within_the_power_of_the_appliances(self):
        live = live_from_opening(WILLOW_CREEK)
        now = JULY + timedelta(hours=18)
        on = np.ones(50, dtype=np.bool_)
        before, water_before = live.step(now=now, seconds=5, electricity_on=on)
        for step in range(1, 361):
            after, water = live.step(now=now + timedelta(seconds=5 * step), seconds=5, electricity_on=on)
            assert (after >= before).all()
            assert (water >= water_before).all()
            # All at once is 10.8 kW and 2,380 l/h: 16 Wh and 4 l in five seconds with the rounding.
            assert (after - before).max() <= 16_000
            assert (water - water_before).max() <= 4_000
            assert not (after % 1000).any()
            before, water_before = after, water

    def test_fractions_of_a_watt_hour_are_not_lost(self):
        vacant = [unit.kind is HouseholdKind.VACANT for unit in WILLOW_CREEK.units]
        live = live_from_opening(WILLOW_CREEK)
        on = np.ones(50, dtype=np.bool_)
        before = np.array([unit.opening_electricity_micro for unit in WILLOW_CREEK.units])
        for step in range(720):
            after, _ = live.step(now=JULY + timedelta(seconds=5 * step), seconds=5, electricity_on=on)
        # Twelve watts for an hour, in steps of a sixtieth of a watt-hour.
        assert all(11_000 <= wh_micro <= 12_000 for wh_micro in (after - before)[vacant].tolist())

    def test_agrees_with_history(self):
        live = live_from_opening(OAK_GARDENS)
        on = np.ones(75, dtype=np.bool_)
        for quarter in range(7 * 96):
            now = JULY + timedelta(minutes=15 * quarter)
            electricity, water = live.step(now=now, seconds=900, electricity_on=on)
        run = history(OAK_GARDENS, start=JULY, hours=7 * 24, seed=SEED)
        opening = run.electricity_micro[0].sum(), run.water_micro[0].sum()
        electricity_ratio = (electricity.sum() - opening[0]) / (run.electricity_micro[-1].sum() - opening[0])
        water_ratio = (water.sum() - opening[1]) / (run.water_micro[-1].sum() - opening[1])
        assert electricity_ratio == pytest.approx(1, abs=0.05)
        assert water_ratio == pytest.approx(1, abs=0.05)

    def test_is_deterministic_and_does_not_repeat_after_a_restart(self):
        on = np.ones(50, dtype=np.bool_)
        first, again, later = (
            live_from_opening(WILLOW_CREEK, start=start).step(now=JULY, seconds=5400, electricity_on=on)
            for start in (JULY, JULY, JULY + timedelta(hours=1))
        )
        assert [array.tolist() for array in first] == [array.tolist() for array in again]
        assert first[0].tolist() != later[0].tolist()

    def test_results_are_the_callers_own(self):
        live = live_from_opening(WILLOW_CREEK)
        on = np.ones(50, dtype=np.bool_)
        first, _ = live.step(now=JULY, seconds=3600, electricity_on=on)
        kept = first.tolist()
        live.step(now=JULY, seconds=3600, electricity_on=on)
        assert first.tolist() == kept

    def test_refuses_what_it_cannot_mean(self):
        live = live_from_opening(WILLOW_CREEK)
        on = np.ones(50, dtype=np.bool_)
        with pytest.raises(ValueError, match="aware"):
            live.step(now=datetime(2026, 7, 1), seconds=1, electricity_on=on)  # noqa: DTZ001 - naive on purpose
        with pytest.raises(ValueError, match="negative"):
            live.step(now=JULY, seconds=-1, electricity_on=on)
        with pytest.raises(ValueError, match="bool"):
            live.step(now=JULY, seconds=1, electricity_on=np.ones(50))


class TestTopUps:
    NOON = datetime(2026, 7, 1, 10, tzinfo=UTC)

    def buy(self, *, balance_micro, is_on, now=NOON, seconds=3600, seed=SEED, utility="electricity"):
        count = len(OAK_GARDENS.units)
        return top_ups(
            OAK_GARDENS,
            balances_micro={utility: np.full(count, balance_micro, dtype=np.int64)},
            supply_on={utility: np.full(count, is_on)},
            now=now,
            rng=np.random.default_rng(seed),
            seconds=seconds,
        )

    def test_nobody_buys_with_enough_credit_on_or_off(self):
        assert self.buy(balance_micro=200 * RAND, is_on=True, seconds=10**6) == []
        assert self.buy(balance_micro=200 * RAND, is_on=False, seconds=10**6) == []
        # Below what many notice, yet no credit could switch on what was switched off with R55 in hand.
        assert self.buy(balance_micro=55 * RAND, is_on=True, seconds=10**6) != []
        assert self.buy(balance_micro=55 * RAND, is_on=False, seconds=10**6) == []

    def test_some_wait_until_they_are_cut_and_vacant_units_never_buy(self):
        low = {i for i, _, _ in self.buy(balance_micro=RAND, is_on=True, seconds=10**6)}
        cut = {i for i, _, _ in self.buy(balance_micro=-RAND, is_on=False, seconds=10**6)}
        waiting = {
            i
            for i, unit in enumerate(OAK_GARDENS.units)
            if unit.occupants and unit.top_up_habit.notices_below_micro is None
        }
        assert 5 <= len(waiting) <= 35
        assert cut == {i for i, unit in enumerate(OAK_GARDENS.units) if unit.occupants}
        assert cut - low == waiting

    def test_delays_are_short_when_cut_longer_when_low_and_longest_at_night(self):
        night = datetime(2026, 7, 1, 0, tzinfo=UTC)  # 02:00 in Johannesburg
        cut = sum(len(self.buy(balance_micro=-RAND, is_on=False, seed=s)) for s in range(20))
        low = sum(len(self.buy(balance_micro=RAND, is_on=True, seed=s)) for s in range(20))
        asleep = sum(len(self.buy(balance_micro=-RAND, is_on=False, now=night, seed=s)) for s in range(20))
        # Of 72 households and 20 hours: one to three hours' delay when cut, four to a day when low.
        assert 0.35 * 1440 < cut < 0.95 * 1440
        assert 0 < low < 0.25 * cut
        assert 0 < asleep < 0.2 * cut

    def test_amounts_are_round_and_around_the_habit(self):
        amounts = {}
        for seed in range(30):
            for i, utility, amount_micro in self.buy(
                balance_micro=-RAND, is_on=False, seconds=10**6, seed=seed
            ):
                assert utility == "electricity"
                amounts.setdefault(i, Counter())[amount_micro] += 1
        everything = {amount_micro for bought in amounts.values() for amount_micro in bought}
        assert everything == {50_000_000, 100_000_000, 200_000_000, 500_000_000}
        for i, bought in amounts.items():
            assert bought.most_common(1)[0][0] == OAK_GARDENS.units[i].top_up_habit.typical_amount_micro

    def test_a_purchase_clears_the_debt(self):
        bought = self.buy(balance_micro=-620 * RAND, is_on=False, seconds=10**6)
        assert {amount_micro for _, _, amount_micro in bought} == {700_000_000}
        bought = self.buy(balance_micro=-500 * RAND, is_on=False, seconds=10**6)
        assert {amount_micro for _, _, amount_micro in bought} == {600_000_000}
        bought = self.buy(balance_micro=-499 * RAND, is_on=False, seconds=10**6)
        assert {amount_micro for _, _, amount_micro in bought} == {500_000_000}

    def test_water_is_bought_in_smaller_amounts(self):
        water = self.buy(balance_micro=-RAND, is_on=False, seconds=10**6, utility="water")
        power = self.buy(balance_micro=-RAND, is_on=False, seconds=10**6)
        assert {utility for _, utility, _ in water} == {"water"}
        assert sum(amount for _, _, amount in water) < 0.7 * sum(amount for _, _, amount in power)

    def test_same_chance_same_purchases_of_plain_integers(self):
        first = self.buy(balance_micro=-RAND, is_on=False)
        assert first == self.buy(balance_micro=-RAND, is_on=False)
        assert first != self.buy(balance_micro=-RAND, is_on=False, seed=8)
        assert {type(value) for purchase in first for value in (purchase[0], purchase[2])} == {int}

    def test_refuses_arrays_of_the_wrong_length(self):
        with pytest.raises(ValueError, match="one value per unit"):
            top_ups(
                OAK_GARDENS,
                balances_micro={"electricity": np.zeros(3, dtype=np.int64)},
                supply_on={"electricity": np.ones(3, dtype=np.bool_)},
                now=self.NOON,
                rng=np.random.default_rng(SEED),
            )
