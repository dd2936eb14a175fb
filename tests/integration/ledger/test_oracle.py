"""The ledger against a small one in memory: the same answers, the same balances, after every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from .books import OPERATIONS, PEOPLE, REFUSALS, Books
from .kept_twice import RAND
from .tables import ledger_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres


@pytest.fixture
def kept_twice(postgres: EmbeddedPostgres, database_name: str, admin: psycopg.Connection) -> type[Books]:
    Books.url, Books.admin = postgres.app_url(database_name), admin
    Books.answers.clear()
    assert len(ledger_tables()) >= 13
    return Books


@pytest.mark.slow
def test_the_ledger_answers_as_a_ledger_in_memory_does_wherever_one_walks(kept_twice: type[Books]) -> None:
    run_state_machine_as_test(
        kept_twice,
        settings=settings(
            max_examples=20,
            stateful_step_count=40,
            deadline=None,
            database=None,
            # a failure is printed as it was met: to shrink it would take longer than the suite may
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    # a walk that is only refused proves little
    assert sum(Books.answers[each] for each in OPERATIONS) > 100
    assert sum(Books.answers[each] for each in REFUSALS) > 100


def test_a_walk_through_everything_that_can_be_asked_and_answered(kept_twice: type[Books]) -> None:
    books = kept_twice()
    try:
        _walk(books)
    finally:
        books.teardown()
    for answer in (*OPERATIONS, *REFUSALS):
        assert Books.answers[answer] > 0, answer


def _walk(books: Books) -> None:
    steps: list[Callable[[], None]] = [
        books.open_estate,
        lambda: books.transfer(0, 1, 3 * RAND, "a"),
        lambda: books.ask_again(0),
        lambda: books.transfer(0, 2, 3 * RAND, "a"),
        lambda: books.transfer(0, 2, 38 * RAND, "b"),
        lambda: books.transfer(0, 4, RAND, "c"),
        lambda: books.transfer(0, 5, RAND, "c"),
        lambda: books.transfer(0, 0, RAND, "c"),
        lambda: books.pay_out(0, RAND, "a"),
        lambda: books.bank_clearing("transfers", is_incoming=False, amount=RAND, key="a"),
        lambda: books.bank_clearing("cash", is_incoming=True, amount=80 * RAND, key="b"),
        lambda: books.top_up(3, 7 * RAND, "whole"),
        lambda: books.transfer(3, 2, 7 * RAND, "whole"),
        lambda: books.transfer(3, 2, 1, "more than whole"),
        lambda: books.place_hold(0, 5 * RAND, 50, "a"),
        lambda: books.place_hold(0, 32 * RAND, 50, "b"),
        lambda: books.ask_again(1),
        lambda: books.place_hold(2, 5 * RAND, 2, "c"),
        lambda: books.place_hold(2, 6 * RAND, 50, "d"),
        lambda: books.transfer(2, 0, 40 * RAND, "e"),
        lambda: books.time_passes(5),
        lambda: books.resolve_hold(1, 1, 3),
        lambda: books.resolve_hold(2, 1, 2),
        lambda: books.resolve_hold(2, 1, 0),
        lambda: books.resolve_hold(2, 1, 3),
        lambda: books.resolve_hold(2, 1, 3),
        books.expire_holds,
        lambda: books.resolve_hold(0, 2, 0),
        lambda: books.charge_batch([(0, 3 * RAND), (2, 50 * RAND), (0, 1)], has_tax=True),
        lambda: books.charge_batch([(2, 8 * RAND)], has_tax=False),
        lambda: books.charge_with_heads_that_have_moved(0),
        lambda: books.open_accounts(3),
        lambda: books.reverse_entry(0, 1, is_split=False),
        lambda: books.reverse_entry(0, 1, is_split=False),
        lambda: books.reverse_entry(0, books.newest(0), is_split=False),
        lambda: books.reverse_entry(0, books.newest(0), is_split=True),
        lambda: books.set_ledger_rule(5 * RAND),
        lambda: books.ask_adjustment(1, -3 * RAND, PEOPLE[0], "a"),
        lambda: books.ask_again(0),
        lambda: books.ask_adjustment(1, 40 * RAND, PEOPLE[0], "b"),
        lambda: books.set_ledger_rule(50 * RAND),
        lambda: books.decide_adjustment(0, is_approved=True, actor=PEOPLE[0]),
        lambda: books.decide_adjustment(0, is_approved=True, actor=PEOPLE[1]),
        lambda: books.decide_adjustment(0, is_approved=False, actor=PEOPLE[1]),
        lambda: books.close_month(0),
        lambda: books.time_passes(24 * 25),
        lambda: books.top_up(1, RAND, "in April"),
        lambda: books.time_passes(-24 * 20),
        lambda: books.top_up(1, RAND, "in March after April"),
        lambda: books.time_passes(24 * 20),
        lambda: books.close_month(1),
        lambda: books.close_month(2),
        lambda: books.time_passes(-24 * 20),
        lambda: books.top_up(3, RAND, "late"),
        lambda: books.reverse_entry(1, 1, is_split=False),
        lambda: books.time_passes(24 * 20),
        lambda: books.lock_month(1),
        lambda: books.lock_month(1),
        lambda: books.lock_month(2),
        lambda: books.charge_batch([(0, RAND)], has_tax=True),
    ]
    for step in steps:
        step()
        books.accounts_are_the_same()
        books.ledger_verifies()
