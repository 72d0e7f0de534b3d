"""The one border check: nothing that is not finite, of the right shape, in range and fresh passes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robolearn.contracts import ArraySpec, check_age
from robolearn.errors import BorderError

SPEC = ArraySpec.of("twist", "m/s", [-1.0, -1.0, -2.0], [1.0, 1.0, 2.0])
NOT_FINITE = (float("nan"), float("inf"), float("-inf"))


def test_a_good_value_passes_as_a_float64_copy() -> None:
    value = np.array([0.5, -1.0, 2.0], np.float32)
    checked = SPEC.check(value)
    assert checked.dtype == np.float64
    checked[0] = 9.0
    np.testing.assert_array_equal(value, [0.5, -1.0, 2.0])


@pytest.mark.parametrize("bad", NOT_FINITE)
@pytest.mark.parametrize("place", range(3))
def test_one_number_that_is_not_finite_is_refused_wherever_it_is(bad: float, place: int) -> None:
    value = np.zeros(3)
    value[place] = bad
    with pytest.raises(BorderError, match=r"twist.*m/s"):
        SPEC.check(value)


def test_infinite_bounds_still_let_nothing_infinite_pass() -> None:
    spec = ArraySpec.of("force", "N", [-np.inf], [np.inf])
    assert spec.check([1e300])[0] == 1e300
    for bad in NOT_FINITE:
        with pytest.raises(BorderError):
            spec.check([bad])


@pytest.mark.parametrize("value", [np.zeros(2), np.zeros(4), np.zeros((1, 3)), np.zeros((3, 1)), 0.0, []])
def test_another_shape_is_refused_and_never_broadcast(value: object) -> None:
    with pytest.raises(BorderError, match=r"expected shape \(3,\)"):
        SPEC.check(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [[1.0001, 0, 0], [0, -1.0001, 0], [0, 0, 2.5]])
def test_a_value_out_of_range_is_refused(value: list[float]) -> None:
    with pytest.raises(BorderError, match="outside"):
        SPEC.check(value)


@given(st.lists(st.floats(), min_size=0, max_size=5))
def test_whatever_passes_is_finite_in_range_and_of_the_right_shape(value: list[float]) -> None:
    try:
        checked = SPEC.check(value)
    except BorderError:
        good = len(value) == 3 and all(
            low <= x <= high for low, x, high in zip(SPEC.low, value, SPEC.high, strict=True)
        )
        assert not good
    else:
        assert checked.tolist() == value
        assert all(low <= x <= high for low, x, high in zip(SPEC.low, checked, SPEC.high, strict=True))


@pytest.mark.parametrize(("low", "high"), [([0.0], [float("nan")]), ([float("nan")], [1.0]), ([1.0], [0.0])])
def test_bounds_that_are_not_numbers_or_crossed_are_refused(low: list[float], high: list[float]) -> None:
    with pytest.raises(BorderError):
        ArraySpec.of("bad", "m", low, high)


def test_the_spec_keeps_its_own_bounds() -> None:
    low = np.array([-1.0, -1.0])
    spec = ArraySpec.of("own", "m", low, 1.0)
    low[:] = -100.0
    with pytest.raises(BorderError):
        spec.check([-2.0, 0.0])


def test_a_reading_of_any_allowed_age_passes_with_its_age() -> None:
    assert check_age("arm", 1000, 1000, 50) == 0
    assert check_age("arm", 950, 1000, 50) == 50


@pytest.mark.parametrize("stamp_ns", [949, 1001, -1_000_000, 10**18])
def test_a_stale_or_future_stamp_is_refused_by_name(stamp_ns: int) -> None:
    with pytest.raises(BorderError, match="front camera: age"):
        check_age("front camera", stamp_ns, 1000, 50)


@pytest.mark.parametrize("stamp", NOT_FINITE)
def test_a_stamp_that_is_not_finite_is_refused(stamp: float) -> None:
    with pytest.raises(BorderError):
        check_age("arm", stamp, 1000, 50)  # type: ignore[arg-type]


def test_a_border_error_is_also_a_value_error() -> None:
    assert issubclass(BorderError, ValueError)
