"""For how long something has been so."""

from __future__ import annotations

from media_pipeline.gateway.lasting import Lasting


def test_counts_from_the_first_time_until_it_is_over() -> None:
    now = [0.0]
    lasting = Lasting(lambda: now[0])
    assert lasting.seconds("a") == 0
    now[0] = 5
    assert (lasting.seconds("a"), lasting.seconds("b")) == (5, 0)
    lasting.over("a")
    now[0] = 7
    assert (lasting.seconds("a"), lasting.seconds("b")) == (0, 2)
    lasting.over("never seen")


def test_forgets_what_nobody_asks_for_and_nothing_else() -> None:
    now = [0.0]
    lasting = Lasting(lambda: now[0])
    lasting.seconds("left")
    for now[0] in range(0, 3000, 100):
        lasting.seconds("kept")
    assert len(lasting) == 1
    assert lasting.seconds("kept") == 2900
