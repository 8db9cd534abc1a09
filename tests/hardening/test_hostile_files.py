"""Every reader on spoilt files: a good read, or an error worded for the user. Nothing else."""

import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings

from hardening.hostile import TOML, spoilt
from hardening.readers import FOUND, folder_name, outcome, parquet_readers, readers
from tariffimpact.cases import read_case
from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import PriceChange, TariffRow
from tariffimpact.facts.tables import MAX_FAULTS, read_table
from tariffimpact.interval import Interval
from tariffimpact.market import read_products

pytestmark = pytest.mark.whole

EVERY = settings(suppress_health_check=list(HealthCheck))
LEAN = {
    "answered case": 10, "answered market": 5, "skus": 10, "case": 30, "page of a case": 3,
    "panel": 4, "panel of rates": 4, "query": 5,
}  # fmt: skip
"""Examples of the readers that take more than a few milliseconds; the others have 20."""


def spoil(name, examples):
    reader = readers()[name]
    counted = {"read": 0, "refused": 0}

    @settings(EVERY, max_examples=examples)
    @given(spoilt(reader.seeds, TOML if "case" in name else ()))
    def run(raw):
        counted[outcome(reader, raw)] += 1

    run()
    return counted


@pytest.mark.parametrize("name", [name for name in readers() if "with" not in name])
def test_a_spoilt_file_is_read_or_refused(name):
    counted = spoil(name, LEAN.get(name, 20))
    assert counted["refused"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", list(readers()))
def test_thousands_of_spoilt_files_are_read_or_refused(name):
    few = "with" in name or name in LEAN
    counted = spoil(name, 1000 if few else 5000)
    assert counted["refused"] > 0
    assert counted["read"] > 0


@pytest.mark.parametrize("name", list(readers()))
def test_the_real_files_are_read(name):
    reader = readers()[name]
    assert {outcome(reader, raw) for raw in reader.seeds} == {"read"}


@pytest.fixture(scope="module")
def binary():
    return parquet_readers()


@pytest.mark.parametrize(
    ("name", "examples"),
    [(name, 3 if "panel" in name else 10) for name in parquet_readers()]
    + [pytest.param(name, 1000, marks=pytest.mark.slow) for name in parquet_readers()],
)
def test_a_spoilt_binary_file_is_read_or_refused(binary, name, examples):
    reader = binary[name]
    assert {outcome(reader, raw) for raw in reader.seeds} == {"read"}

    @settings(EVERY, max_examples=examples)
    @given(spoilt(reader.seeds))
    def run(raw):
        outcome(reader, raw)

    run()


def test_every_input_that_once_broke_a_reader_is_read_or_refused(binary):
    every = {folder_name(name): reader for name, reader in (readers() | binary).items()}
    kept = [path for path in sorted(FOUND.rglob("*")) if path.is_file()]
    assert kept
    for path in kept:
        quick(lambda path=path: outcome(every[path.parent.name], path.read_bytes()))


# what such inputs have found, or would find without a guard

HEADER = (
    "price_id,company,product,market,old_price,new_price,currency,announced_on,effective_on,"
    "cause,source_id,locator,quote"
)
GOOD = "p{n},Acme,Phone {n},USA,100,110,USD,2025-08-20,2025-08-21,tariff,s1,p. 1,up"
CASE = """title = "T"
question = "Q"
[tariff]
rate = {rate}
[[products]]
name = "P"
old_price = 100
customs_value = 50
"""


@pytest.fixture
def case(tmp_path):
    def said(text):
        path = tmp_path / "case.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        with pytest.raises(DataError) as caught:
            read_case(path)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return said


@pytest.fixture
def prices(tmp_path):
    def said(*rows, header=HEADER):
        path = tmp_path / "prices.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        faults = read_table(path, PriceChange).faults
        return [str(fault).replace(f"{tmp_path}/", "") for fault in faults]

    return said


def quick(work, seconds=5.0):
    """Do the work in less of the processor's time than a square of the size would need."""
    start = time.process_time()
    result = work()
    assert time.process_time() - start < seconds
    return result


def test_tables_nested_without_end(case):
    assert case("x = " + "[" * 5000).startswith("case.toml: is not TOML: tables are nested too")
    quick(lambda: case(CASE.format(rate="1") + "[a" + ".a" * 5_000 + "]\n"))


def test_an_integer_without_end(case):
    assert "is not TOML: " in case(CASE.format(rate="9" * 5000))
    assert case(CASE.format(rate="9" * 400)) == (
        "case.toml:4: tariff.rate: must be finite (got inf); "
        'write an interval such as "0.5..0.7" if it is unknown'
    )


def test_characters_nobody_sees(case, prices):
    hidden = 'title = "T\\u001b[31m"\nquestion = "Q"\n"a\\u202eb" = 1\n'
    assert case(hidden) == (
        "case.toml:1: title: holds an invisible control character (got 'T\\x1b[31m'); delete it\n"
        "case.toml:1: a\\u202eb: the key holds an invisible control character; delete it"
    )
    assert prices(GOOD.format(n=1).replace("Acme", "A\u202ecme")) == [
        "prices.csv:2: company: holds an invisible control character (got 'A\\u202ecme'); delete it"
    ]
    assert prices(GOOD.format(n=1).replace("Acme", "Åçмé 株式会社 🎮 \u200d")) == []


def test_a_line_separator_in_a_text_moves_no_line_number(case):
    text = CASE.format(rate="1").replace('"Q"', '"Q\u2028\u0085"') + "colour = 1\n"
    assert "case.toml:2: question: holds an invisible" in case(text)
    text = CASE.format(rate="1").replace('"Q"', '"Q \u00a0"') + "# a\x0cb\ncolour = 1\n"
    assert "case.toml:10: products[1].colour: is not a key here" in case(text.replace("\x0c", ""))


def test_thousands_of_faults_in_a_case_are_told_in_time(case):
    text = CASE.format(rate="1") + '[[products]]\nname = ""\n' * 20_000
    told = quick(lambda: case(text), 20)
    assert len(told.splitlines()) == 1000


def test_the_thousandth_fault_of_a_table_ends_the_reading(prices):
    told = quick(lambda: prices(*["x," * 12 + "x"] * 50_000), 20)
    assert MAX_FAULTS < len(told) < MAX_FAULTS + 30
    assert told[-1].endswith(": the rows from here on are not checked; mend those above first")


def test_columns_without_end(prices):
    told = quick(lambda: prices("1", header=",".join(map(str, range(400_000)))))
    assert len(told) == 1
    assert told[0].startswith("prices.csv:1: has 400,000 columns; the columns are price_id")


TAILS = ["x", "..x", "%x", "e", "..", ""]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("body", ["1" * 100_000, " " * 100_000, "1." * 50_000, "." * 100_000])
def test_a_long_text_that_is_no_number_is_refused_at_once(body, tail):
    def read():
        with pytest.raises(ModelError) as caught:
            Interval.parse(body + tail)
        assert len(str(caught.value)) < 200

    quick(read, 2)


@pytest.mark.parametrize("tail", TAILS)
def test_a_long_number_on_the_command_line_is_refused_at_once(tail):
    from tariffimpact.cli.numbers import read_span
    from tariffimpact.units import parse_fraction

    def number():
        for kind in ("rate", "money", "number", "money or share"):
            with pytest.raises(ValueError) as caught:  # noqa: PT011  # too large, or none
                read_span("1" * 2000 + (tail or "x"), kind)
            assert "; " in str(caught.value)

    quick(number, 2)

    def fraction():
        with pytest.raises(ValueError):  # noqa: PT011  # a long number is too large, a text is none
            parse_fraction("1" * 2000 + (tail or "x"))

    quick(fraction, 2)


@pytest.mark.parametrize("between", [" ", "1 ", " 1", "1,", "\u00a0 ", ". ", "m ", "%"])
@pytest.mark.parametrize("start", ["1", "1e-320", "(", "$", "- ", "1 000", "1\u00a0"])
def test_a_cell_of_blanks_in_a_number_is_read_at_once(start, between):
    """Ten times as many letters take no thousand times as long: 20,000 blanks took minutes."""
    from tariffimpact.facts.fields import written_amount

    def read():
        for length in (150, 20_000):
            for tail in ("x", "x%x", ")", "..", "5"):
                with suppress(ValueError):
                    written_amount(start + (between * length)[:length] + tail)

    quick(read, 0.5)


def test_digits_far_apart_are_no_number_and_a_sign_far_from_them_is():
    from tariffimpact.facts.fields import written_amount

    assert written_amount("$      1,234.00 ") == (1234.0, False)
    assert written_amount("(     12 )") == (-12.0, False)
    with pytest.raises(ValueError, match="is not a number"):
        written_amount("1  000")


def test_a_market_is_read_as_the_facts_are(tmp_path):
    path = tmp_path / "market.csv"
    good = "product,firm,price,quantity\na,f,100,3\nb,g,90,2\n"

    def said(raw):
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode("utf-8"))
        with pytest.raises(DataError) as caught:
            read_products(path)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]

    path.write_bytes(b"\xef\xbb\xbf" + good.encode())
    assert read_products(path).labels["product"] == ("a", "b")
    path.write_bytes(good.encode("utf-16"))
    assert read_products(path).labels["product"] == ("a", "b")
    assert said(good.encode("utf-16-le"))[0].startswith("market.csv: looks like UTF-16 text")
    assert said("") == ["market.csv: is empty; it needs a header row"]
    assert said("product,firm,price,quantity\n") == [
        "market.csv: has no rows below its header; add rows"
    ]
    assert said(good.replace("100,3", "100,3,4"))[0].startswith("market.csv:2: has 5 cells")
    assert said(good.replace("a,f", '"a,f'))[0].startswith(
        "market.csv:2: begins a row that is not readable as CSV"
    )
    assert said(
        good.replace("firm,", "firm,firm,").replace("f,", "f,f,").replace("g,", "g,g,")
    ) == ["market.csv:1: firm: column stands twice; keep one of them"]
    assert said(good.replace("b,g", "b\x1b,g"))[0].startswith("market.csv:3: product: holds an inv")
    for number in ("1e300", "1e-300", "-1", "0"):
        assert said(good.replace("100", number))[0].startswith(
            f"market.csv:2: price: is out of range (got '{number}'); give the shelf price"
        )
    assert said(good.replace(",3", ",1e300")) != said(good.replace(",3", ",3.."))
    quick(lambda: said(good.replace("100", "1" * 100_000 + "x")))


def test_a_file_that_has_no_end_is_read_to_its_limit(tmp_path):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name in ("prices.csv", "case.toml"):
        (tmp_path / name).symlink_to("/dev/zero")
    (fault,) = quick(lambda: read_table(tmp_path / "prices.csv", TariffRow).faults)
    assert fault.what == "is 20 MB, above the limit of 20 MB"
    with pytest.raises(DataError, match="is too large for a case"):
        quick(lambda: read_case(tmp_path / "case.toml"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes


def test_a_packed_line_that_has_no_end_fills_no_memory(tmp_path):
    """300 MB of blanks in 300 kB: a line of text is held whole by whoever asks for the next one."""
    import gzip
    import resource

    from tariffimpact.facts.sheets import Sheet

    path = tmp_path / "lines.csv.gz"
    with gzip.open(path, "wb", 1) as file:
        for _ in range(300):
            file.write(b" " * 1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match=r"gz:1: is a line of more than 10 million characters"):
        Sheet(path, limit=10**12).header(lambda row: True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kilobytes


@pytest.mark.parametrize("name", ["a folder", "nul"])
def test_what_is_no_file(tmp_path, name):
    path = tmp_path if name == "a folder" else tmp_path / "a\0b"
    assert "cannot be read" in str(read_table(path, PriceChange).faults[0])
    with pytest.raises(DataError, match="cannot be read"):
        read_case(path / "x.toml" if name == "nul" else path)
