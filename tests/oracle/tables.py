"""The prices of the two data sets, twice: rate table documents for the product, constants for the oracle."""

from fractions import Fraction

FLAT_WATER = """\
rate_table: 1
name: Flat water
utility: water
currency: EUR
effective_from: 2016-01-01
tax: {name: IVA, percent: "10", prices: exclusive}
period: month
charges:
  - name: Water
    kind: usage
    register: import
    price: "1.85"
"""
FLAT_WATER_INCLUSIVE = FLAT_WATER.replace("prices: exclusive", "prices: inclusive")
FLAT_WATER_BLOCKS: list[tuple[Fraction | None, Fraction]] = [(None, Fraction("1.85"))]

BLOCK_WATER = """\
rate_table: 1
name: Block water
utility: water
currency: EUR
effective_from: 2016-01-01
tax: {name: IVA, percent: "10", prices: exclusive}
period: month
charges:
  - name: Water
    kind: usage
    register: import
    blocks:
      - {up_to: "6", price: "0.50"}
      - {up_to: "15", price: "1.10"}
      - {up_to: "30", price: "2.05"}
      - {price: "3.40"}
"""
BLOCK_WATER_INCLUSIVE = BLOCK_WATER.replace("prices: exclusive", "prices: inclusive")
BLOCK_WATER_BLOCKS: list[tuple[Fraction | None, Fraction]] = [
    (Fraction(6), Fraction("0.50")),
    (Fraction(15), Fraction("1.10")),
    (Fraction(30), Fraction("2.05")),
    (None, Fraction("3.40")),
]
WATER_TAX = Fraction(10, 100)

# the winter weekday has half-hourly letters on purpose: its peak begins and ends at half past
AUSGRID_TOU = """\
rate_table: 1
name: Time of use with feed-in
utility: electricity
currency: AUD
effective_from: 2011-01-01
tax: {name: GST, percent: "10", prices: exclusive}
period: month
seasons:
  summer: {from: 11-01, to: 03-31}
  winter: {from: 04-01, to: 10-31}
clocks:
  summer:
    weekday: OOOOOOOSSSSSSSPPPPPPSSOO
    saturday: OOOOOOOSSSSSSSSSSSSSSSOO
    sunday: OOOOOOOOOOOOOOOOOSSSOOOO
  winter:
    weekday: OOOOOOOOOOOOOOSSSSSSSSSSSSSSSSSSSPPPPPPPPSSSOOOO
    saturday: OOOOOOOSSSSSSSSSSSSSSSOO
    sunday: OOOOOOOOOOOOOOOOOOOOOOOO
charges:
  - name: Energy
    kind: usage
    register: import
    price:
      summer: {P: "0.526713", S: "0.214357", O: "0.130229"}
      winter: {P: "0.418209", S: "0.197531", O: "0.121913"}
  - name: Feed-in
    kind: usage
    register: export
    price: "0.087653"
"""
AUSGRID_SEASONS = {"summer": ("11-01", "03-31"), "winter": ("04-01", "10-31")}
AUSGRID_CLOCKS = {
    "summer": {
        "weekday": "O" * 7 + "S" * 7 + "P" * 6 + "S" * 2 + "O" * 2,
        "saturday": "O" * 7 + "S" * 15 + "O" * 2,
        "sunday": "O" * 17 + "S" * 3 + "O" * 4,
    },
    "winter": {
        "weekday": "O" * 14 + "S" * 19 + "P" * 8 + "S" * 3 + "O" * 4,
        "saturday": "O" * 7 + "S" * 15 + "O" * 2,
        "sunday": "O" * 24,
    },
}
AUSGRID_PRICES = {
    ("summer", "P"): Fraction("0.526713"),
    ("summer", "S"): Fraction("0.214357"),
    ("summer", "O"): Fraction("0.130229"),
    ("winter", "P"): Fraction("0.418209"),
    ("winter", "S"): Fraction("0.197531"),
    ("winter", "O"): Fraction("0.121913"),
}
AUSGRID_EXPORT_PRICE = Fraction("0.087653")
AUSGRID_TAX = Fraction(10, 100)
