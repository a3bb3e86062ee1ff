from hypothesis import given
from hypothesis import strategies as st

from intake.service_requests.tracking_numbers import read_tracking_number, tracking_number


@given(st.integers(0, 10**12))
def test_a_number_is_read_back_as_it_was_given_out(running: int) -> None:
    number = tracking_number(running)
    assert read_tracking_number(number) == number
    assert read_tracking_number(number.replace("-", " ")) == number


@given(st.integers(0, 10**9), st.data())
def test_one_wrong_digit_is_never_another_number(running: int, data: st.DataObject) -> None:
    digits = tracking_number(running).replace("-", "")
    at = data.draw(st.integers(0, len(digits) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[at]]))
    assert read_tracking_number(digits[:at] + wrong + digits[at + 1 :]) is None


@given(st.integers(0, 10**9), st.data())
def test_two_neighbouring_digits_swapped_are_never_another_number(
    running: int, data: st.DataObject
) -> None:
    digits = tracking_number(running).replace("-", "")
    at = data.draw(st.integers(0, len(digits) - 2))
    swapped = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    assert swapped == digits or read_tracking_number(swapped) is None


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    read_tracking_number(text)


def test_full_width_digits_are_read() -> None:
    number = tracking_number(30472)
    wide = number.translate({ord(str(d)): chr(ord("０") + d) for d in range(10)})
    assert read_tracking_number(wide) == number
