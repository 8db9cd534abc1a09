"""What a command is asked beside its question: how sure the answer is, and in which form."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tariffimpact.cli.options import data_option, echo_json, json_option, together
from tariffimpact.cli.progress import progress_bar
from tariffimpact.cli.terminal import tell
from tariffimpact.errors import NotIdentified

if TYPE_CHECKING:
    from tariffimpact.answers import Answer
    from tariffimpact.cases import Question

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Asked:
    """How a command is to answer."""

    bounds: bool
    """Whether to say how far each answer can go."""
    draws: int | None
    """Of how many draws to say the spread."""
    tornado: bool
    """Whether to say which input moves the answer."""
    sobol: bool
    """Whether to say which input its variance is due to."""
    seed: int
    folder: Path | None
    """The user's own data."""
    as_json: bool
    at_middle: bool = False
    """Whether to answer at the middle of every range."""

    @property
    def anything(self) -> bool:
        """Whether anything was asked about uncertainty."""
        return self.bounds or self.tornado or self.sobol or self.draws is not None

    def start(self, uncertain: bool, mark: str = ":") -> str:
        """Return what goes before an answer at the middle of its ranges, blank elsewhere."""
        return f"At the middle of every range{mark} " if self.at_middle and uncertain else ""

    def tell(
        self,
        plain: Callable[[], Mapping[str, Any]],
        told: Callable[[], None],
        questions: Iterable[Question] | None = None,
    ) -> None:
        """Print an answer and what was asked of its questions.

        Parameters
        ----------
        plain
            Returns the answer as JSON has it.
        told
            Prints it in words.
        questions
            The figures behind it; None where `plain` and `told` see to them.
        """
        if self.as_json:
            sure = self.anything and questions is not None
            more = {"uncertainty": self.rows(questions or ())} if sure else {}
            echo_json({**plain(), **more}, self.folder)
            return
        told()
        if questions is not None:
            self.tell_sure(questions)

    def tell_sure(self, questions: Iterable[Question]) -> None:
        """Print what was asked about uncertainty, a heading per question."""
        if not self.anything:
            return
        blocks = []
        for question in questions:
            if not (results := self._answers(question)):
                continue
            lines = [f"{question.name[:1].upper()}{question.name[1:]}"]
            for told in results:
                lines.append(f"  {told.words}")
                if question.steps or told.kind in ("tornado", "sensitivity"):
                    table = told.frame().to_string(index=False, float_format="{:.4g}".format)
                    lines += [f"    {line}" for line in table.splitlines()]
            blocks.append("\n".join(lines))
        tell("\n".join(blocks), answer=False)

    def rows(self, questions: Iterable[Question]) -> list[dict[str, Any]]:
        """Return what was asked about uncertainty as JSON has it."""
        return [
            {
                "question": question.key,
                "name": question.name,
                "unit": question.unit,
                "answers": [
                    {"kind": told.kind, "summary": told.words, "rows": records(told.frame())}
                    for told in results
                ],
            }
            for question in questions
            if (results := self._answers(question))
        ]

    def _answers(self, question: Question) -> list[_Told]:
        """Return what was asked for, in the order of the options; a path is only drawn from."""
        found: list[_Told] = []
        one = not question.steps
        if self.bounds and one:
            found.append(_Told.of(question.bounds()))
        if self.draws is not None:
            with progress_bar(f"Drawing: {question.name}") as progress:
                drawn = question.draws(n=self.draws, seed=self.seed, progress=progress)
            found.append(_Told.of(drawn))
        if self.tornado and one:
            found.append(_Told.of(question.tornado()))
        if self.sobol and one:
            with progress_bar(f"Sobol indices: {question.name}") as progress:
                try:
                    found.append(_Told.of(question.sobol(seed=self.seed, progress=progress)))
                except NotIdentified as error:
                    found.append(_Told("untold", f"{error}.", _no_rows))
        return found


@dataclass(frozen=True, slots=True)
class _Told:
    """One answer about uncertainty, or why there is none of its kind."""

    kind: str
    words: str
    frame: Callable[[], Any]

    @classmethod
    def of(cls, answer: Answer) -> _Told:
        return cls(type(answer).__name__.lower(), answer.summary(), answer.to_frame)


def _no_rows() -> Any:
    import pandas as pd

    return pd.DataFrame()


_UNCERTAINTY = (
    click.option("--bounds", is_flag=True, help="How far the answer can go over the ranges."),
    click.option(
        "--draws", type=click.IntRange(1, 100_000_000), metavar="N",
        help="How the answer is spread over N random draws.",
    ),
    click.option("--tornado", is_flag=True, help="Which input moves the answer, one by one."),
    click.option("--sobol", is_flag=True, help="Which input the answer's variance is due to."),
    click.option(
        "--seed", type=click.IntRange(0), default=1, show_default=True,
        help="Seed of draws and Sobol points: the same seed gives the same bytes.",
    ),
    data_option,
    json_option,
)  # fmt: skip
_MIDDLE = click.option(
    "--at", "at_middle", type=click.Choice(["middle"]), callback=lambda _, __, at: at == "middle",
    help="Answer with one number each, at the middle of every range, and say so.",
)  # fmt: skip


def asked_options(*, middle: bool = True) -> Callable[[F], F]:
    """Return what adds the options of `Asked`, which the command takes as `asked`.

    `middle` tells whether it can answer at the middle of every range.
    """
    names = [field.name for field in fields(Asked) if middle or field.name != "at_middle"]
    options = (_MIDDLE, *_UNCERTAINTY) if middle else _UNCERTAINTY

    def added(command: F) -> F:
        @functools.wraps(command)
        def wrapped(*args: Any, **given: Any) -> Any:
            asked = Asked(**{name: given.pop(name) for name in names})
            return command(*args, asked=asked, **given)

        result: Any = together(*options)(wrapped)
        found: F = result
        return found

    return added


def records(frame: Any) -> list[dict[str, Any]]:
    """Return a frame's rows with plain numbers; what is missing becomes null."""
    found: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return found
