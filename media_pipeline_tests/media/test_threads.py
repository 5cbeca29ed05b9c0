from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from media_pipeline.media.threads import Behind, ahead, cores, each


def test_items_come_in_order_and_no_more_than_asked_for_are_made() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    before = threading.active_count()
    items = ahead(numbers(), 3)
    assert [next(items) for _ in range(5)] == [0, 1, 2, 3, 4]
    items.close()  # type: ignore[attr-defined]
    assert len(made) <= 5 + 3 + 2
    assert threading.active_count() == before
    assert list(ahead(iter(range(20)), 2)) == list(range(20))


def test_errors_come_to_who_asks_and_to_who_puts() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    items = ahead(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)

    def take(number: int) -> None:
        if number == 2:
            raise ValueError("not this one")

    with pytest.raises(ValueError, match="not this one"), Behind(take, 1) as behind:
        for number in range(50):
            behind.put(number)


def test_what_is_put_is_taken_in_order_before_the_end() -> None:
    taken: list[int] = []
    with Behind(taken.append, 2) as behind:
        for number in range(30):
            behind.put(number)
    assert taken == list(range(30))


def test_each_item_comes_to_its_place_and_errors_to_who_asks() -> None:
    assert each(lambda a, b: a * b, range(50), range(50)) == [n * n for n in range(50)]
    assert each(str, []) == []
    with pytest.raises(ZeroDivisionError):
        each(lambda n: 1 / n, [1, 0])


def test_as_many_are_at_work_as_there_are_cores() -> None:
    together = threading.Barrier(cores(), timeout=60)
    assert sorted(each(lambda _: together.wait(), range(cores()))) == list(range(cores()))
