import random
import tracemalloc
from itertools import accumulate, chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.roster import seen_ids
from coursectl.roster.seen_ids import SeenIds, _CloseIds, _ScatteredIds

GREATEST = 2**63 - 2


def assert_as_a_set_would(batches):
    seen, ids = set(), SeenIds()
    for batch in batches:
        expected = [id_ for id_ in dict.fromkeys(batch) if id_ not in seen]
        assert ids.take(batch) == expected
        seen.update(batch)
        assert len(ids) == len(seen)
    return ids


_CLOSE = st.integers(0, 70_000)
_SCATTERED = st.integers(0, GREATEST)
# Those that differ in high bits only would all fall on one slot of a careless table.
_ALIKE = st.integers(0, 2**22).map(lambda number: number << 40)
_EDGES = st.sampled_from([0, 1, 2**15 - 1, 2**15, 2**32, 2**62, GREATEST - 1, GREATEST])


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(_CLOSE | _SCATTERED | _ALIKE | _EDGES, max_size=40), max_size=12),
    st.sampled_from([0, 5, 60, 20_000]),
)
def test_ids_seen_are_those_that_a_set_would_hold(batches, few):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_ids, "_FEW", few)
        # A second time, nothing is new.
        assert_as_a_set_would(batches + batches)


@settings(deadline=None, max_examples=100)
@given(
    first=st.lists(_CLOSE | _SCATTERED | _ALIKE | _EDGES, max_size=60, unique=True),
    then=st.lists(st.lists(_CLOSE | _SCATTERED | _ALIKE | _EDGES, max_size=1_500), max_size=3),
)
def test_a_table_of_scattered_ids_holds_those_that_a_set_would(first, then):
    seen, table = set(first), _ScatteredIds(first)
    for batch in [*then, first, *then]:
        assert table.take(batch) == [id_ for id_ in dict.fromkeys(batch) if id_ not in seen]
        seen.update(batch)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.lists(_CLOSE | _SCATTERED | _EDGES, max_size=40), max_size=6),
    st.lists(st.lists(_CLOSE | _SCATTERED | _EDGES, max_size=40), max_size=6),
    st.sampled_from([0, 20_000]),
)
def test_ids_that_others_have_seen_are_taken_over_where_none_is_seen_twice(one, other, few):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_ids, "_FEW", few)
        ids, others = assert_as_a_set_would(one), assert_as_a_set_would(other)
        seen, theirs = set(chain(*one)), set(chain(*other))
        assert set(others) == theirs
        is_apart = seen.isdisjoint(theirs)
        assert ids.join(others) is is_apart
        if is_apart:
            assert len(ids) == len(seen | theirs)
            assert set(ids) == seen | theirs
            assert ids.take(sorted(seen | theirs)) == []


@settings(deadline=None, max_examples=200)
@given(
    gaps=st.lists(st.integers(1, 400) | st.integers(1, 2**40), min_size=1, max_size=60),
    least=st.integers(0, 300),
    cuts=st.lists(st.integers(1, 59), max_size=8),
    middle=st.integers(0, 8),
    data=st.data(),
)
def test_ids_that_came_in_a_run_up_or_down_or_both_ways_are_all_known(
    gaps, least, cuts, middle, data
):
    everyone = list(accumulate(gaps, initial=least))
    batches = [everyone[start:end] for start, end in pairwise([0, *sorted(cuts), len(everyone)])]
    batches = [batch for batch in batches if batch]
    below, above = batches[:middle][::-1], batches[middle:]
    turns = data.draw(st.permutations([False] * len(below) + [True] * len(above)))
    lists = {False: iter(below), True: iter(above)}
    ids = assert_as_a_set_would([next(lists[turn]) for turn in turns])
    assert ids._run is not None
    assert sorted(ids) == everyone
    assert ids.take([everyone[-1]]) == []
    assert set(ids) == set(everyone)


def test_runs_that_go_on_one_behind_the_other_are_taken_over_without_a_look_at_each_id():
    ids, others, among = SeenIds(), SeenIds(), SeenIds()
    assert ids.take([1, 5, 9]) == [1, 5, 9]
    assert others.take([10, 12]) == [10, 12]
    assert ids.join(others)
    assert ids._run is not None
    assert list(ids) == [1, 5, 9, 10, 12]
    assert among.take([3, 11]) == [3, 11]
    assert ids.join(among)
    assert ids._run is None
    assert sorted(ids) == [1, 3, 5, 9, 10, 11, 12]
    assert not ids.join(others)


@settings(deadline=None, max_examples=100)
@given(st.sets(_CLOSE | _EDGES, max_size=60))
def test_close_ids_can_be_listed(ids):
    close = _CloseIds()
    close.take(list(ids))
    assert sorted(close) == sorted(ids)


def test_scattered_ids_move_to_a_table_and_stay_known():
    numbers = random.Random(1)
    batches = [[numbers.randrange(GREATEST) for _ in range(100)] for _ in range(250)]
    ids = assert_as_a_set_would(batches)
    assert isinstance(ids._ids, _ScatteredIds)
    assert ids.take([id_ for batch in batches for id_ in batch]) == []
    assert ids.take([GREATEST, 5, GREATEST]) == [GREATEST, 5]


@pytest.mark.no_cover
def test_close_ids_stay_on_pages():
    numbers = random.Random(2)
    everyone = list(range(500_000, 700_000))
    numbers.shuffle(everyone)
    ids = SeenIds()
    for at in range(0, len(everyone), 500):
        batch = everyone[at : at + 500]
        assert ids.take(batch) == batch
        assert ids.take(batch) == []
    assert len(ids) == 200_000
    assert isinstance(ids._ids, _CloseIds)


@pytest.mark.no_cover
@pytest.mark.parametrize("shift", [0, 10, 15, 20, 21, 40, 43])
def test_evenly_spaced_ids_are_told_apart(shift, monkeypatch):
    monkeypatch.setattr(seen_ids, "_FEW", 0)
    numbers = [number << shift for number in range(4_000)]
    assert_as_a_set_would([numbers[at : at + 300] for at in range(0, 4_000, 300)] + [numbers])


def test_an_id_that_occurs_twice_in_one_batch_is_new_once():
    assert SeenIds().take([3, 1, 3, 3, 2, 1]) == [3, 1, 2]


def test_nothing_is_taken_from_nothing():
    ids = SeenIds()
    assert ids.take([]) == []
    assert len(ids) == 0


@pytest.mark.parametrize("step", [1, 3, 2**62 // 100_000])
def test_fifteen_thousand_ids_take_few_megabytes(step):
    ids = SeenIds()
    tracemalloc.start()
    try:
        for at in range(0, 15_000, 250):
            ids.take([number * step for number in range(at, at + 250)])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(ids) == 15_000
    assert peak < 3 * 2**20


@pytest.mark.no_cover
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("step", [1, 7, 2**20])
def test_ids_in_order_are_new_batch_by_batch_until_one_comes_again(direction, step):
    numbers = [number * step for number in range(1_000)][::direction]
    batches = [numbers[start : start + 100] for start in range(0, 1_000, 100)]
    assert_as_a_set_would([*batches, [numbers[500], 7 * 2**40, numbers[0]], *batches])


def test_a_batch_that_lies_between_others_is_looked_at_id_by_id():
    assert_as_a_set_would([[1, 2], [10, 11], [5, 10, 6], [3], [12, 12]])


def test_ids_in_order_take_little_memory():
    tracemalloc.start()
    try:
        ids = SeenIds()
        for start in range(0, 1_000_000, 250):
            ids.take(list(range(start * 5, (start + 250) * 5, 5)))
        assert tracemalloc.get_traced_memory()[0] < 1_300_000
    finally:
        tracemalloc.stop()
