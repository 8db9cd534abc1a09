"""What people get wrong, over every command: told in the shell's words, never as a defect.

No mistake may end in a traceback, in "this is a defect", in a warning of a library, in silence, or
in the words of Python; and a message names the option that was mistaken.
"""

import re
import shlex
import warnings

import pytest

from tariffimpact.cli import main

OPTIONS = {
    "price": "--price 100 --customs 50% --tariff 25% --cost 60% --elasticity 2",
    "recover": "--exposure $500m --rise $50 --units 10m --months 6",
    "rollback": "--duty 100m --pass-through 60% --price 550 --rise 50 --monthly-units 100000",
    "path": "--price 100 --customs 50% --tariff 25%",
    "source": "--current China --offer China=400@145% --offer Vietnam=310@20% "
    "--switching-cost 1m --monthly-units 100",
    "earnings": "--imports 1bn --tariff 25% --sales 5bn --cost-of-goods 3bn --elasticity 2",
    "rate": "9504500000 --origin China --on 2025-05-01",
}
"""A right question to each command, to be spoilt."""
NUMBERS = {
    "price": ("--price", "--customs", "--tariff", "--old-tariff", "--cost", "--specific",
              "--elasticity", "--units", "--fixed-cost", "--exporter-cut"),
    "recover": ("--exposure", "--rise", "--units", "--months", "--market-share",
                "--retailer-share", "--volume-ratio"),
    "rollback": ("--duty", "--pass-through", "--interest", "--price", "--rise",
                 "--monthly-units", "--reversal-share", "--speed", "--rebate-share"),
    "path": ("--price", "--customs", "--tariff", "--turns", "--front-load", "--holding-cost",
             "--pass-through", "--speed-up"),
    "source": ("--switching-cost", "--monthly-units", "--hazard"),
    "earnings": ("--gross", "--tariff", "--sales", "--cost-of-goods", "--months", "--elasticity",
                 "--price-rise"),
}  # fmt: skip
SHARES = {
    "--tariff", "--old-tariff", "--exporter-cut", "--market-share", "--retailer-share",
    "--interest", "--reversal-share", "--speed", "--rebate-share", "--holding-cost", "--speed-up",
    "--hazard", "--price-rise",
}  # fmt: skip
SPOILT = ("nan", "inf", "", "abc", "12%5", "1_5", "-7", "5 apples", "1e999", "20%..15%")
PYTHON = re.compile(
    r"defect|Traceback|NoneType|KeyError|dtype|float64|object has no|=\{'|\b\w+_\w+\b.*must be"
)


def told(arguments, capsys):
    """Return the exit code and what the error stream says; no library may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SystemExit) as left:
            main(arguments)
    return left.value.code, capsys.readouterr().err


def spoilt(command, option, value):
    words = shlex.split(OPTIONS[command].replace("$", r"\$"))
    if option in words:
        words[words.index(option) + 1] = value
        return [command, *words]
    return [command, *words, option, value]


@pytest.mark.parametrize("command", OPTIONS)
def test_the_question_is_right_before_it_is_spoilt(command, capsys):
    with pytest.raises(SystemExit) as left:
        main([command, *shlex.split(OPTIONS[command].replace("$", r"\$"))])
    assert left.value.code == 0, capsys.readouterr().err


@pytest.mark.parametrize("value", SPOILT)
@pytest.mark.parametrize("command", NUMBERS)
def test_no_number_of_any_option_goes_wrong_in_silence(command, value, capsys):
    for option in NUMBERS[command]:
        code, err = told(spoilt(command, option, value), capsys)
        assert code in (1, 2), (option, value)
        assert option in err, (option, err)
        assert not PYTHON.search(err), err


@pytest.mark.parametrize("command", NUMBERS)
def test_a_rate_or_share_without_its_sign_is_asked_for(command, capsys):
    for option in SHARES & {*NUMBERS[command]}:
        code, err = told(spoilt(command, option, "15"), capsys)
        assert code == 2
        assert "write 15%" in err


@pytest.mark.parametrize(
    "mistake",
    [
        "rollback {rollback} --pass-through 60 => write 60%",
        "recover {recover} --volume-ratio 94 => write 94%",
        "price {price} --product Boot => give a case",
        "path {path} --product Boot => give a case",
        "rollback {rollback} --product Boot => give a case",
        "rollback {rollback} --rise 600 => --rise: 600 is no part of a price of 550",
        "rollback {rollback} --months 0 => --months: must be at least 1",
        "path {path} --months 1000 => --months: must be at most 120",
        "source {source} --offer Japan=0@5% => --offer: customs value: 0 is out of range",
        "source {source} --offer Japan=5 => --offer: rate: is missing",
        "source {source} --current Narnia => is not a country",
        "earnings --gross 100m --elasticity 2 => goes with --sales and --cost-of-goods",
        "earnings --gross 100m --tariff 25% => goes with --imports or --sensitivity",
        "earnings --gross 100m --months 6 => goes with --imports or --sensitivity",
        "earnings --gross 100m --per 10% => goes with --sensitivity",
        "earnings --gross 100m --flow fifo => goes with --stock or --turns",
        "earnings --net 100m --stock 3 => goes with --gross or --imports",
        "earnings --gross 100m --price-rise 2% => goes with --sales",
        "earnings --imports 56bn => give --tariff, or --hts, --on and --before",
        "earnings --sensitivity 17m --per 10% => without --tariff",
        "earnings --gross 100m --stock 3 --turns 4 => gives --stock and turns",
        "earnings --gross 100m --net 200m => a net cost of 200m is above the gross of 100m",
        "earnings --company Nobody => no facts about 'Nobody'",
        "earnings --company Soni => did you mean Sony?",
        "facts --company Soni => did you mean Sony?",
        "facts add company '' => has no name",
        "rate 95 --origin China --on 2025-05-01 => is not an HTS code",
        "rate 9504500000 --origin Narnia --on 2025-05-01 => is not a country",
        "rate 9504500000 --origin China --on tomorrow => is not a date",
        "rate 9504500000 --origin China --on 1925-05-01 => the schedule begins on",
        "rate 9504500000 --origin USA --on 2025-05-01 => give another origin",
        "report --company Soni => did you mean Sony?",
        "report --industry shoes => the industries are",
        "report --company , => names nobody",
        "report --title ' ' => is blank",
        "brief --company Sony,Nintendo => a page is about one company",
        "brief --company Sony --title '' => is blank",
        "report --case nope => is neither a file nor a shipped case",
        "brief --company Sony --case textbook => give one of",
        "cite nope => no source and no fact has the id",
        "cite method --bibtex --ris => --bibtex, --ris and --json: keep one",
        "copy-data /proc/nowhere => choose another folder",
        "rate 7601103000 --origin Canada --on 2025-09-01 --metal 150% => customs value lies from 0",
        "rate 7601103000 --origin Canada --on 2025-09-01 --weight 90%..120% => 0 to 100% (got 90",
        "market --tariff 20% --outside 100% => --outside: give a fraction",
        "market --tariff 20% --where colour=red => --where: no column 'colour'",
        "market --tariff 20% --where origin=JPN --where origin=CHN => --where: names origin twice",
        "market --tariff 20% --fix a=1 --fix a=2 => --fix: names a twice",
        "market --tariff 20% --together sheep => --together: sheep is none of",
        "rate 95 --origin China --on 2025-05-01 --claim USMCA=1 --claim usmca=0 => USMCA twice",
        "price '' => the case: is blank; name a file or a shipped case",
        "brief --case ' ' => the case: is blank",
        "report --company Sony --out '' => --out': is blank; name a file or folder",
        "refund '' => is blank; name a file or folder",
        "effective-rate --lines own.csv --day 2025-05-01 => --day goes with --census",
        "effective-rate --census own --base 2025-01-01 2025-05-01 => --base goes with --lines",
        "effective-rate --lines own.csv --partner China => --partner goes with a chart",
        "refund ace.csv --map hts=A --map HTS=B => --map': names HTS twice",
        "batch own.csv --on 2025-08-21 --before 2025-09-01 => --before comes before --on",
        "batch own.csv --on 2025-08-21 --refund-on 2020-01-01 => --refund-on comes after --on",
    ],
)
def test_a_mistake_is_told_with_its_remedy(mistake, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line, _, said = mistake.partition(" => ")
    code, err = told(shlex.split(line.format(**OPTIONS).replace("$", r"\$")), capsys)
    assert code in (1, 2)
    assert said in " ".join(err.split())
    assert not PYTHON.search(err), err
    assert not list(tmp_path.iterdir())


def test_one_bad_offer_is_one_fault(capsys):
    words = shlex.split(OPTIONS["source"].replace("Vietnam=310", "Vietnam=0"))
    _, err = told(["source", *words], capsys)
    assert len(err.strip().splitlines()) == 1


FILES = {
    "empty.toml": "",
    "half.toml": "title = ",
    "table.csv": "a,b\n1,2\n",
    "text.txt": "hello",
}


@pytest.mark.parametrize("command", ["price", "recover", "rollback", "path", "source", "earnings"])
def test_a_wrong_file_is_named(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "bytes.toml").write_bytes(b"\x00\xff\xfe")
    (tmp_path / "folder").mkdir()
    for name in (*FILES, "bytes.toml", "folder", "missing.toml"):
        code, err = told([command, name], capsys)
        assert code == 1
        assert err.startswith(name), err
        assert not PYTHON.search(err), err


@pytest.mark.parametrize("command", ["batch", "refund", "effective-rate", "estimate"])
def test_a_wrong_table_is_named(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "bytes.csv").write_bytes(b"\x00\xff\xfe" * 20)
    (tmp_path / "folder.csv").mkdir()
    more = {"estimate": ["--treated", "a", "--from", "2025-02-04"], "batch": ["--on", "2025-08-21"]}
    names = ("empty.csv", "other.csv", "bytes.csv", "folder.csv", "missing.csv")
    for name in names[: 2 if command == "batch" else None]:  # each loads the whole schedule
        lines = ["--lines", name] if command == "effective-rate" else [name]
        code, err = told([command, *lines, *more.get(command, [])], capsys)
        assert code in (1, 2)
        assert name in err
        assert not PYTHON.search(err), err


@pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
@pytest.mark.parametrize(
    ("options", "value", "said"),
    [
        ("--by origin,origin", 1000, "names origin twice"),
        ("--by customs_value", 1000, "no grouping by customs_value"),
        ("--by customs_value --base 2025-01-01 2025-12-31", 1000, "no grouping by customs_value"),
        ("--base 2024-01-01 2024-12-31", 1000, "no line is in the period"),
        ("", 0, "the lines have no customs value"),
    ],
)
def test_lines_that_weigh_nothing_are_told(options, value, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = f"hts,origin,entered_on,customs_value\n9504500000,CHN,2025-05-01,{value}\n"
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["effective-rate", "--lines", "own.csv", *options.split()])
    err = capsys.readouterr().err
    assert left.value.code == 1
    assert said in err
    assert not PYTHON.search(err), err


MARKET = "product,firm,price,quantity,margin\nCafé,f,100,3,0.3\nb,g,90,2,0.3\n"


def test_what_a_message_about_a_market_names_is_an_option_of_the_command(
    tmp_path, monkeypatch, capsys
):
    """A workbook of two sheets and a CSV of the old encoding: their remedies are options."""
    import openpyxl

    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.csv").write_bytes(MARKET.encode("cp1252"))
    (tmp_path / "named.csv").write_text(MARKET.replace("price", "Price (USD)"), encoding="utf-8")
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("Two")):
        for line in MARKET.splitlines():
            sheet.append(line.split(","))
    book.save(tmp_path / "two.xlsx")
    remedies = (
        ("old.csv", "--encoding cp1252"),
        ("two.xlsx", '--sheet "Sheet"'),
        ("named.csv", '--map "price=Price (USD)"'),
    )
    for name, remedy in remedies:
        code, err = told(["market", name, "--tariff", "20%"], capsys)
        assert code == 1
        assert remedy in err
        with pytest.raises(SystemExit) as left:
            main(["market", name, "--tariff", "20%", *shlex.split(remedy)])
        assert left.value.code == 0, capsys.readouterr().err
        capsys.readouterr()


@pytest.mark.parametrize("command", ["batch {} --on 2019-01-01", "brief --skus {} --on 2019-01-01"])
def test_a_day_before_the_schedule_is_told(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = "sku,hts,origin,customs_value\nA,9504500000,CHN,300\nB,6109100010,VNM,8\n"
    (tmp_path / "own.csv").write_text(text, encoding="utf-8")
    code, err = told(command.format("own.csv").split(), capsys)
    assert code == 1
    assert "it begins on 2025-01-01" in err
    assert not PYTHON.search(err), err
