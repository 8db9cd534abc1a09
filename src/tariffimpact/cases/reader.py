"""Reading a case: a path or a shipped name, to a checked case, with every fault at its line."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tariffimpact.cases.case import Case
from tariffimpact.cases.case_numbers import Location, Part
from tariffimpact.cases.resolution import fill, resolve
from tariffimpact.cases.schema import CaseFile
from tariffimpact.errors import DataError, Fault
from tariffimpact.facts import Facts, read_facts, shipped_folder
from tariffimpact.facts.fields import holds_control
from tariffimpact.facts.sheets import opened

P = TypeVar("P", bound=Part)

MAX_BYTES: Final = 1_000_000
"""A case is written by hand; a larger file is the wrong file."""
MAX_FAULTS: Final = 1000
_DEEPEST: Final = 10
"""No table of a case is nested as deep."""

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("is missing", "add it"),
    "literal_error": ("is not one of the known words", "write one of: {expected}"),
    "string_pattern_mismatch": ("is not a valid id", "use lower-case letters, digits and hyphens"),
    "string_type": ("is not text", "put it in quotes"),
    "string_too_short": ("is blank", "write a word or two"),
    "too_short": ("is empty", "add at least one"),
    "tuple_type": ("is not a list", 'write it as ["JPN", "VNM"], or [[products]] for products'),
    "model_type": ("is not a table", "write it as [name], with a key on each line below"),
    "model_attributes_type": ("is not a table", "write it as [name], with its keys below"),
    "greater_than": ("must be above {gt:g}", "give a fraction: 0.1 for a rise of 10%"),
    "greater_than_equal": ("must be at least {ge:g}", "give {ge:g} or more"),
    "less_than_equal": ("must be at most {le:g}", "give {le:g} or less"),
    "less_than": ("must be below {lt:g}", "give a fraction: 0.1 for a rise of 10%"),
}
_DATE: Final = ("is not a day", "write it as 2025-08-21, without quotes")


def shipped_cases() -> tuple[str, ...]:
    """Return the names of the cases that come with the package.

    Examples
    --------
    >>> "textbook" in shipped_cases()
    True
    """
    return tuple(sorted(path.stem for path in shipped_folder("cases").glob("*.toml")))


def read_case(case: str | Path, *, facts: Facts | None = None) -> Case:
    """Read a case and everything it refers to.

    Parameters
    ----------
    case
        A path to a TOML file, or the name of a shipped case (`shipped_cases()`).
    facts
        The data its ids refer to; the shipped data by default.

    Raises
    ------
    DataError
        With every fault of the file, as `file:line: key: what (got '…'); remedy`.

    Examples
    --------
    >>> read_case("textbook").title
    'A monopolist passes on half'
    """
    path = _path(case)
    text = _text(path)
    try:
        written = tomllib.loads(text)
    except RecursionError:
        raise DataError([_not_toml(path, "tables are nested too deep")]) from None
    except ValueError as error:  # an integer of more than 4300 digits is no TOMLDecodeError
        raise DataError([_not_toml(path, str(error))]) from None
    lines = lines_of(text)
    return _checked(written, path.stem, lambda at: f"{path}:{line_of(lines, at)}", facts)


def case_of(written: Mapping[str, object], *, name: str, facts: Facts | None = None) -> Case:
    """Return a case from its tables, for one that stands in no file.

    Parameters
    ----------
    written
        What a case file would hold.
    name
        What to call it, in errors too.
    facts
        The data its ids refer to; the shipped data by default.

    Raises
    ------
    DataError
        With every fault, as `name: key: what (got '…'); remedy`.

    Examples
    --------
    >>> case = case_of({"title": "T", "question": "Q", "tariff": {"rate": 0.25}, "products": [
    ...     {"name": "P", "old_price": 100, "customs_value": 50}]}, name="mine")
    >>> case.question("dollar").at_base()
    112.5
    """
    return _checked(written, name, lambda _: name, facts)


def table_of(
    table: type[P], written: Mapping[str, object], *, name: str, facts: Facts | None = None
) -> P:
    """Return one table of a case checked, where there is no case around it.

    Raises
    ------
    DataError
        With every fault, as `name: key: what (got '…'); remedy`.
    """
    try:
        part = table.model_validate(written)
    except ValidationError as error:
        raise DataError(_faults(lambda _: name, error, table)) from None
    filled, problems = fill(part, facts)
    if problems:
        raise DataError(Fault(name, what, fix, spelled(at), got) for at, what, fix, got in problems)
    return filled


def _checked(
    written: Mapping[str, object],
    name: str,
    where: Callable[[Location], str],
    facts: Facts | None,
) -> Case:
    """Return a case from its tables; `where` tells the place of a key."""
    hidden = list(_hidden(where, written))
    if hidden:
        raise DataError(hidden)
    try:
        file = CaseFile.model_validate(written)
    except ValidationError as error:
        raise DataError(_faults(where, error)) from None
    resolved, problems = resolve(file, read_facts() if facts is None else facts)
    if problems or resolved is None:
        raise DataError(
            Fault(where(at), what, remedy, spelled(at), got) for at, what, remedy, got in problems
        )
    return Case(name=name, file=file, **resolved)


def _hidden(where: Callable[[Location], str], value: object, at: Location = ()) -> Iterator[Fault]:
    """Blame every text, and every key, that holds a character nobody sees."""
    what, remedy = "holds an invisible control character", "delete it"
    if isinstance(value, str) and holds_control(value):
        yield Fault(where(at), what, remedy, spelled(at), value)
    elif len(at) > _DEEPEST:  # a.a.a… may go on for long; as a key it is refused later
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if holds_control(key):
                yield Fault(where((*at, key)), f"the key {what}", remedy, spelled((*at, key)))
            yield from _hidden(where, item, (*at, key))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _hidden(where, item, (*at, place))


def _path(case: str | Path) -> Path:
    """Return the file a case stands in."""
    if not str(case).strip():  # as a variable of the shell without a value leaves it
        remedy = f"name a file or a shipped case: {', '.join(shipped_cases())}"
        raise DataError([Fault("the case", "is blank", remedy)])
    path = Path(case)
    if path.suffix == ".toml" or path.exists() or path.name != str(case):
        return path
    shipped = shipped_folder("cases") / f"{case}.toml"
    if shipped.is_file():
        return shipped
    names = shipped_cases()
    close = difflib.get_close_matches(str(case), names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise DataError(
        [
            Fault(
                str(case),
                "is neither a file nor a shipped case",
                f"{hint}the shipped cases are {', '.join(names)}",
            )
        ]
    )


def _text(path: Path) -> str:
    try:
        with opened(path) as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise DataError(
                [Fault(str(path), "is too large for a case", "name a file written by hand")]
            )
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError([Fault(str(path), "is not UTF-8 text", "save it as UTF-8")]) from None
    except (OSError, ValueError) as error:
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise DataError([Fault(str(path), what, "check the path")]) from None


def _not_toml(path: Path, message: str) -> Fault:
    """Return the fault of a file that is not TOML, with the line the parser names."""
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    where = f"{path}:{found[1]}" if found else str(path)
    what = message.split(" (at ")[0]
    return Fault(
        where,
        f"is not TOML: {what[:1].lower()}{what[1:]}",
        'write key = value, text and intervals in quotes: customs_share = "0.5..0.7"',
    )


def _faults(
    where: Callable[[Location], str], error: ValidationError, table: type[BaseModel] = CaseFile
) -> Iterable[Fault]:
    items = error.errors(include_url=False)
    # a list whose elements are all faulty is reported as empty besides: one fault is enough
    above = {item["loc"][:depth] for item in items for depth in range(1, len(item["loc"]))}
    for item in items[:MAX_FAULTS]:
        if item["type"] == "too_short" and item["loc"] in above:
            continue
        at: Location = item["loc"]
        what, remedy = _worded(item, at, table)
        shown = item["type"] not in {"missing", "extra_forbidden", "too_short"}
        plain = isinstance(item["input"], str | int | float | bool)
        got = str(item["input"]) if shown and plain and "(got " not in what else None
        yield Fault(where(at), what, remedy, spelled(at), got)


def _worded(item: Any, at: Location, table: type[BaseModel]) -> tuple[str, str]:
    """Return what is wrong with a key, and the remedy."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys(table, at[:-1])
        close = difflib.get_close_matches(str(at[-1]), known, n=1)
        hint = f", did you mean {close[0]!r}?" if close else ""
        return f"is not a key here{hint}", f"the keys are {', '.join(known)}"
    if kind in {"value_error", "number"}:
        words = str(context.get("error", context.get("words", "")))
        what, _, remedy = words.partition("; ")
        return what, remedy or _see_schema()
    if kind.startswith("date"):
        return _DATE
    what, remedy = _WORDS.get(kind, (item["msg"], _see_schema()))
    return what.format(**context), remedy.format(**context)


def _see_schema() -> str:
    """Return where every key is explained, in a checkout and in an installed copy."""
    return f"see the key's meaning in {shipped_folder('cases') / 'schema.json'}"


def _keys(model: type[BaseModel], at: Location) -> list[str]:
    """Return the keys of the table at a place of the file."""
    for part in at:
        if isinstance(part, str) and part in model.model_fields:
            model = _table(model.model_fields[part].annotation) or model
    return list(model.model_fields)


def _table(annotation: Any) -> type[BaseModel] | None:
    """Return the table a field holds, seen through lists, options and annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType, Annotated, tuple):
        for argument in get_args(annotation):
            if found := _table(argument):
                return found
    return None


_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([\w.\-\"' ]+?)\s*\]")
_KEY: Final = re.compile(r"^\s*([\w\-\"']+(?:\s*\.\s*[\w\-\"']+)*)\s*=")


def lines_of(text: str) -> dict[Location, int]:
    r"""Return the line of every key and table of a file.

    Examples
    --------
    >>> lines_of('title = "x"\n[tariff]\nrate = 1\n')
    {('tariff', 'rate'): 3, ('tariff',): 2, ('title',): 1}
    """
    return dict(reversed(list(_places(text))))


def line_of(lines: Mapping[Location, int], location: Location) -> int:
    r"""Return the line of a key, or of the nearest table around it; 1 where there is none.

    Examples
    --------
    >>> text = 'title = "x"\n[[products]]\nname = "a"\n[[products]]\nname = "b"\n'
    >>> lines = lines_of(text)
    >>> line_of(lines, ("products", 1, "name")), line_of(lines, ("products", 0, "price"))
    (5, 2)
    """
    for length in range(len(location), 0, -1):
        if location[:length] in lines:
            return lines[location[:length]]
    return 1


def spelled(location: Location) -> str:
    """Return a location as a reader looks for it, counting from one.

    Examples
    --------
    >>> spelled(("products", 1, "metal", "grams"))
    'products[2].metal.grams'
    """
    words = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return words.removeprefix(".")


def _places(text: str) -> Iterator[tuple[Location, int]]:
    """Walk the file, telling each key and table and its line."""
    table: Location = ()
    counts: Counter[Location] = Counter()
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = _inside(_names(header[2]), counts)
            if header[1] == "[[":
                yield table, number
                table = (*table, counts[table])
                counts[table[:-1]] += 1
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_names(key[1])), number


def _names(dotted: str) -> Location:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _inside(names: Location, counts: Counter[Location]) -> Location:
    """Return the place of a table, inside the last element of every array on the way."""
    place: Location = ()
    for name in names[:-1]:
        place = (*place, name)
        if counts[place]:
            place = (*place, counts[place] - 1)
    return (*place, *names[-1:])
