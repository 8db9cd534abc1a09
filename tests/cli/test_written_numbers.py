"""Numbers as people write them on the command line: units asked, never guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.cli import main
from tariffimpact.cli.numbers import read_span


@pytest.mark.parametrize(
    ("text", "kind", "written"),
    [
        ("15%", "rate", 0.15),
        ("15 %", "rate", 0.15),
        ("15 percent", "rate", 0.15),
        ("15 per cent", "rate", 0.15),
        ("15percent", "rate", 0.15),
        ("0.15", "rate", 0.15),
        ("145%", "rate", 1.45),
        ("-5%", "rate", -0.05),
        ("15%..20%", "rate", "0.15..0.2"),
        ("15..20%", "rate", "0.15..0.2"),
        ("15–20%", "rate", "0.15..0.2"),
        ("15-20%", "rate", "0.15..0.2"),
        ("15% to 20%", "rate", "0.15..0.2"),
        ("15 to 20 percent", "rate", "0.15..0.2"),
        ("30%", "share", 0.3),
        ("$1,234.56", "money", 1234.56),
        ("680m", "money", 680e6),
        ("6bn", "money", 6e9),
        ("$20..30bn", "money", "20000000000..30000000000"),
        ("20 to 30bn", "money", "20000000000..30000000000"),
        ("200..", "money", "200.."),
        ("..100", "money", "..100"),
        ("1e-5", "number", 1e-5),
        ("15m", "number", 15e6),
        ("0.5-0.7", "number", "0.5..0.7"),
        ("90%", "ratio", 0.9),
        ("1.2", "ratio", 1.2),
        ("60%", "money or share", 0.6),
        ("$0.50", "money or share", 0.5),
        ("50", "money or share", 50),
    ],
)
def test_what_people_write_means_what_it_says(text, kind, written):
    assert read_span(text, kind).written == written


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("15", "rate", "write 15%"),
        ("1.45", "rate", "write 145%"),
        ("10..20", "rate", "write 10%"),
        ("25", "share", "write 25%"),
        ("3%", "money", "is an amount of money"),
        ("3%", "number", "is a plain number"),
        ("0.5", "money or share", "write 50% or 0.5 USD"),
        ("12%5", "rate", "is not a number"),
        ("5%0", "rate", "is not a number"),
        ("1_5%", "rate", "is not a number"),
        ("nan", "rate", "is not a number"),
        ("", "rate", "is not a number"),
        ("10%..20", "rate", "at one end only"),
        ("1..2..3", "number", "is not a number"),
        ("20%..15%", "rate", "upside down"),
        ("15 to ", "rate", "one end only"),
        ("€5", "money", "is not in US dollars"),
        ("1,5", "number", "decimal comma"),
    ],
)
def test_what_has_no_unit_or_a_wrong_one_is_asked_for(text, kind, said):
    with pytest.raises(ValueError, match=said):
        read_span(text, kind)


def test_the_currency_told_is_the_sign_that_is_read():
    assert read_span("€5", "money", "EUR").written == 5
    with pytest.raises(ValueError, match="is not in EUR"):
        read_span("$5", "money", "EUR")


@given(percents=st.decimals(0, 1000, places=2))
def test_a_percentage_is_the_decimal_it_says(percents):
    assert read_span(f"{percents}%", "rate").low == float(percents.scaleb(-2))


@given(st.text("0123456789.%$-–to mbn", max_size=12), st.sampled_from(["rate", "money", "ratio"]))
def test_a_text_is_read_or_refused_in_words(text, kind):
    try:
        span = read_span(text, kind)
    except ValueError as error:
        assert "; " in str(error)  # noqa: PT017  # the remedy
    else:
        assert span.low <= span.high


PRICED = ["price", "--price", "100", "--customs", "$50", "--tariff", "25%", "--cost", "$60"]


def answer(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(arguments)
    told = capsys.readouterr()
    return left.value.code, told.out, told.err


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--tariff", "10", "write 10%"),
        ("--customs", "0.5", "write 50% or 0.5 USD"),
        ("--cost", "0.6", "write 60% or 0.6 USD"),
        ("--price", "100%", "is an amount of money"),
        ("--currency", "DOLLAR", "not an ISO 4217 currency code"),
    ],
)
def test_a_command_asks_for_the_unit(option, value, said, capsys):
    code, out, err = answer([*PRICED, option, value], capsys)
    assert (code, out) == (2, "")
    assert said in err


def test_the_same_question_in_other_writing_has_the_same_answer(capsys):
    plain = answer([*PRICED, "--json"], capsys)
    other = answer(
        ["price", "--price", "$100.00", "--customs", "50%", "--tariff", "25 percent",
         "--cost", "60 %", "--currency", "usd", "--json"],
        capsys,
    )  # fmt: skip
    assert plain[0] == other[0] == 0
    assert json.loads(plain[1]) == json.loads(other[1])
