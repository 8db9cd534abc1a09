"""The wording of errors: every fault with its place, nothing a terminal would act on."""

import pytest

from tariffimpact.errors import DataError, Fault, ModelError, TariffImpactError, require


def test_one_base_class_two_children():
    assert issubclass(DataError, TariffImpactError)
    assert issubclass(ModelError, TariffImpactError)
    assert not issubclass(DataError, ModelError)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("a.csv", "is empty", "fill it"), "a.csv: is empty; fill it"),
        (Fault("a.csv:3", "is blank", "fill it", "x"), "a.csv:3: x: is blank; fill it"),
        (Fault("a.csv:3", "is odd", "mend it", "x", "7"), "a.csv:3: x: is odd (got '7'); mend it"),
        (Fault("a.csv:3", "is odd", "mend it", "x", ""), "a.csv:3: x: is odd (got ''); mend it"),
        (Fault("a.csv", "is odd", "mend it", got="7"), "a.csv: is odd (got '7'); mend it"),
    ],
)
def test_a_fault_says_where_what_and_how_to_mend_it(fault, text):
    assert str(fault) == text


def test_every_fault_is_told_in_the_order_found():
    faults = [Fault(f"a.csv:{line}", "is blank", "fill it", "x") for line in (4, 2)]
    error = DataError(iter(faults))
    assert error.faults == tuple(faults)
    assert str(error) == "a.csv:4: x: is blank; fill it\na.csv:2: x: is blank; fill it"


@pytest.mark.parametrize(
    ("got", "shown"),
    [
        ("任天堂", "'任天堂'"),
        ("<script>", "'<script>'"),
        ("{x} {0} %s", "'{x} {0} %s'"),
        ("\x1b[31mred\x07", r"'\x1b[31mred\x07'"),
        ("two\nlines\r", r"'two\nlines\r'"),
        ("right-to-left \u202e", r"'right-to-left \u202e'"),
        ("x" * 60, "'" + "x" * 60 + "'"),
        ("x" * 61, "'" + "x" * 59 + "…'"),
    ],
)
def test_a_value_is_shown_as_it_stands_harmless_and_short(got, shown):
    assert f"(got {shown})" in str(Fault("a.csv", "is odd", "mend it", got=got))


def test_require():
    require([0], "never raised")
    with pytest.raises(ModelError, match=r"^needs more$"):
        require(0, "needs more")
