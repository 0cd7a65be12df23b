"""Pieces computed on several threads come back in their order, and few of them are in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forensics.execution.threads import in_order


@pytest.mark.parametrize("threads", [1, 3, None])
def test_results_come_in_the_order_of_the_pieces(threads: int | None) -> None:
    assert list(in_order(lambda piece: piece * piece, range(200), threads=threads)) == [n * n for n in range(200)]


def test_few_pieces_are_taken_before_the_first_result() -> None:
    taken: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    next(results := in_order(str, pieces(), threads=2))
    assert len(taken) == 4
    assert len(list(results)) == 99


def test_an_error_of_a_piece_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda piece: 1 // piece, [1, 0, 1], threads=2))
