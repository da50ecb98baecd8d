import pickle
import random
import tracemalloc
from itertools import accumulate, chain, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.roster import seen_ids
from coursectl.roster.seen_ids import SeenIds, _CloseIds, _Run, _ScatteredIds

GREATEST = 2**63 - 1


def assert_as_a_set_would(batches):
    seen, ids = set(), SeenIds()
    for batch in batches:
        expected = [id_ for id_ in dict.fromkeys(batch) if id_ not in seen]
        assert ids.take(batch) == expected
        seen.update(batch)
        assert len(ids) == len(seen)
    return ids


def sent(ids):
    """Those as they come from another process."""
    for part in ids.parts():
        yield pickle.loads(pickle.dumps(part))


_CLOSE = st.integers(0, 70_000)
_SCATTERED = st.integers(0, GREATEST)
# Those that differ in high bits only would all fall on one slot of a careless table.
_ALIKE = st.integers(0, 2**22).map(lambda number: number << 40)
_EDGES = st.sampled_from([0, 1, 2**15 - 1, 2**15, 2**32, 2**62, GREATEST - 1, GREATEST])

_NEAR = st.integers(0, 400).map(lambda number: 2**40 + number * 7)
_SOME = st.one_of(_CLOSE, st.integers(0, 400), _NEAR, _SCATTERED, _EDGES)


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=200)
@given(
    st.lists(st.lists(_CLOSE | _SCATTERED | _ALIKE | _EDGES, max_size=40), max_size=12),
    st.sampled_from([0, 5, 60, 20_000]),
    st.sampled_from([0, 80, 100_000]),
    st.sampled_from([2**6, 2**12, 2**17]),
)
def test_ids_seen_are_those_that_a_set_would_hold(batches, few, many, window):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_ids, "_FEW", few)
        patch.setattr(seen_ids, "_MANY", many)
        patch.setattr(seen_ids, "_WINDOW", window)
        # A second time, nothing is new.
        assert_as_a_set_would(batches + batches)


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=100)
@given(
    first=st.lists(_CLOSE | _SCATTERED | _ALIKE | _EDGES, max_size=60, unique=True),
    then=st.lists(st.lists(_CLOSE | _SCATTERED | _ALIKE | _EDGES, max_size=1_500), max_size=3),
)
def test_a_table_of_scattered_ids_holds_those_that_a_set_would(first, then):
    seen, table = set(first), _ScatteredIds()
    assert table.take(first) == first
    assert list(table) == sorted(first)
    for batch in [*then, first, *then]:
        assert table.take(batch) == [id_ for id_ in dict.fromkeys(batch) if id_ not in seen]
        seen.update(batch)


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.lists(st.lists(_SOME, max_size=40), max_size=6),
    st.lists(st.lists(_SOME, max_size=40), max_size=6),
    st.sampled_from([0, 20_000]),
    st.sampled_from([0, 100_000]),
    st.sampled_from([2**6, 2**12, 2**17]),
    st.sampled_from([1, 8, 1024]),
)
def test_ids_that_others_have_seen_are_taken_over_where_none_is_seen_twice(
    one, other, few, many, window, piece
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_ids, "_FEW", few)
        patch.setattr(seen_ids, "_MANY", many)
        patch.setattr(seen_ids, "_AT_ONCE", piece)
        patch.setattr(seen_ids, "_WINDOW", window)
        patch.setattr(seen_ids, "_PIECE", piece)
        ids, others = assert_as_a_set_would(one), assert_as_a_set_would(other)
        seen, theirs = set(chain(*one)), set(chain(*other))
        assert set(others) == theirs
        is_apart = seen.isdisjoint(theirs)
        assert all(map(ids.join, sent(others))) is is_apart
        if is_apart:
            assert len(ids) == len(seen | theirs)
            assert set(ids) == seen | theirs
            assert ids.take(sorted(seen | theirs)) == []


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=200)
@given(
    gaps=st.lists(st.integers(1, 400) | st.integers(1, 2**40), min_size=1, max_size=60),
    least=st.integers(0, 300),
    cuts=st.lists(st.integers(1, 59), max_size=8),
    middle=st.integers(0, 8),
    in_memory=st.sampled_from([0, 10, 300, 2**20]),
    data=st.data(),
)
def test_ids_that_came_in_a_run_up_or_down_or_both_ways_are_all_known(
    gaps, least, cuts, middle, in_memory, data
):
    everyone = list(accumulate(gaps, initial=least))
    batches = [everyone[start:end] for start, end in pairwise([0, *sorted(cuts), len(everyone)])]
    batches = [batch for batch in batches if batch]
    below, above = batches[:middle][::-1], batches[middle:]
    turns = data.draw(st.permutations([False] * len(below) + [True] * len(above)))
    lists = {False: iter(below), True: iter(above)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_ids, "_IN_MEMORY", in_memory)
        ids = assert_as_a_set_would([next(lists[turn]) for turn in turns])
        assert isinstance(ids._kept, _Run)
        assert sorted(ids) == everyone
        others = SeenIds()
        assert all(map(others.join, sent(ids)))
        assert sorted(others) == everyone
        assert len(others) == len(everyone)
    for each in (ids, others):
        assert each.take([everyone[-1]]) == []
        assert set(each) == set(everyone)


def test_runs_that_go_on_one_behind_the_other_are_taken_over_without_a_look_at_each_id():
    ids, others, among = SeenIds(), SeenIds(), SeenIds()
    assert ids.take([1, 5, 9]) == [1, 5, 9]
    assert others.take([10, 12]) == [10, 12]
    assert ids.join(others)
    assert isinstance(ids._kept, _Run)
    assert list(ids) == [1, 5, 9, 10, 12]
    assert among.take([3, 11]) == [3, 11]
    assert ids.join(among)
    assert not isinstance(ids._kept, _Run)
    assert sorted(ids) == [1, 3, 5, 9, 10, 11, 12]
    assert not ids.join(others)


@pytest.mark.slow
@settings(max_examples=100)
@given(st.sets(_CLOSE, min_size=1, max_size=60), st.sampled_from([0, 2**26 - 5, 2**40 + 3]))
def test_close_ids_can_be_listed(ids, above):
    ids = [id_ + above for id_ in ids]
    close = _CloseIds(min(ids), max(ids))
    assert close.take(ids) == ids
    assert sorted(close) == sorted(ids)


@pytest.mark.slow
@pytest.mark.measured
def test_scattered_ids_move_to_a_table_and_stay_known():
    numbers = random.Random(1)
    batches = [[numbers.randrange(GREATEST) for _ in range(1_000)] for _ in range(101)]
    ids = assert_as_a_set_would(batches)
    assert isinstance(ids._kept, _ScatteredIds)
    assert ids.take([id_ for batch in batches for id_ in batch]) == []
    assert ids.take([GREATEST, 5, GREATEST]) == [GREATEST, 5]


@pytest.mark.no_cover
def test_close_ids_stay_in_a_window():
    numbers = random.Random(2)
    everyone = list(range(500_000, 700_000))
    numbers.shuffle(everyone)
    ids = SeenIds()
    for at in range(0, len(everyone), 500):
        batch = everyone[at : at + 500]
        assert ids.take(batch) == batch
        assert ids.take(batch) == []
    assert len(ids) == 200_000
    assert isinstance(ids._kept, _CloseIds)


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


@settings(max_examples=100)
@given(
    st.lists(st.integers(0, 5_000), min_size=2, unique=True),
    st.integers(1, 99),
    st.sampled_from([0, 2**40 + 1]),
    st.sampled_from([1, 64, 2**16]),
)
def test_close_ids_of_two_are_put_together_piece_by_piece(ids, percent, above, piece):
    ids = [id_ + above for id_ in ids]
    cut = len(ids) * percent // 100 or 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seen_ids, "_PIECE", piece)
        patch.setattr(seen_ids, "_WINDOW", 2**14)
        one, other, again = (
            _CloseIds(min(each), max(each)) for each in (ids[:cut], ids[cut:], ids[:1])
        )
        for each, its in ((one, ids[:cut]), (other, ids[cut:]), (again, ids[:1])):
            assert each.take(its) == its
        assert one.joins(other)
        assert sorted(one) == sorted(ids)
        assert not one.joins(again)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(("least", "most"), [(0, 4_000_000), (2**40, 12_000_000)])
def test_ids_in_no_order_take_little_memory_where_they_are_close(least, most):
    everyone = [least + number * 19 for number in range(300_000)]
    random.Random(3).shuffle(everyone)
    tracemalloc.start()
    try:
        ids = SeenIds()
        for start in range(0, len(everyone), 250):
            ids.take(everyone[start : start + 250])
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
    assert len(ids) == 300_000


@pytest.mark.parametrize("step", [1, -1, 300])
def test_ids_in_order_that_are_many_wait_in_a_file_and_go_to_another_in_parts(step, monkeypatch):
    monkeypatch.setattr(seen_ids, "_IN_MEMORY", 10_000)
    everyone = [10**7 + number * step for number in range(30_000)]
    ids, others, before = SeenIds(), SeenIds(), [everyone[0] - step]
    for start in range(0, 30_000, 250):
        ids.take(everyone[start : start + 250])
    assert others.take(before) == before
    parts = list(ids.parts())
    assert len(parts) >= 3
    assert max(map(len, parts)) <= 10_250
    assert all(map(others.join, parts))
    assert isinstance(others._kept, _Run)
    assert sorted(others) == sorted(everyone + before)
    assert not others.join(parts[1])


def test_a_run_of_none_changes_nothing_where_it_is_taken_over():
    ids = SeenIds()
    ids.take([7, 9])
    assert ids.join(SeenIds())
    assert ids.take([3, 5]) == [3, 5]
    assert isinstance(ids._kept, _Run)


@pytest.mark.slow
def test_ids_in_order_take_little_memory_however_many_there_are():
    tracemalloc.start()
    try:
        ids = SeenIds()
        for start in range(0, 3_000_000, 250):
            ids.take(list(range(start * 5, (start + 250) * 5, 5)))
        assert tracemalloc.get_traced_memory()[1] < 3_500_000
    finally:
        tracemalloc.stop()
