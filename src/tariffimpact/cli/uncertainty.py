"""The options that ask how sure an answer is, and how they are answered."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tariffimpact.answers import Answer
from tariffimpact.cli.progress import progress_bar
from tariffimpact.errors import NotIdentified

if TYPE_CHECKING:
    from tariffimpact.cases import Question

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks about uncertainty."""

    bounds: bool
    draws: int | None
    tornado: bool
    sobol: bool
    seed: int

    @property
    def anything(self) -> bool:
        """Whether anything was asked."""
        return self.bounds or self.tornado or self.sobol or self.draws is not None

    def answers(self, question: Question) -> list[Any]:
        """Return the results asked for, in the order of the options; a path is only drawn from."""
        found: list[Any] = []
        one = not question.steps
        if self.bounds and one:
            found.append(question.bounds())
        if self.draws is not None:
            with progress_bar(f"Drawing: {question.name}") as progress:
                found.append(question.draws(n=self.draws, seed=self.seed, progress=progress))
        if self.tornado and one:
            found.append(question.tornado())
        if self.sobol and one:
            with progress_bar(f"Sobol indices: {question.name}") as progress:
                found.append(_indices(question, self.seed, progress))
        return found

    def as_text(self, questions: Iterable[Question]) -> str:
        """Return the answers as text, a heading per question."""
        blocks = []
        for question in questions:
            if not (results := self.answers(question)):
                continue
            lines = [f"{question.name[:1].upper()}{question.name[1:]}"]
            for result in results:
                lines.append(f"  {result.summary()}")
                if question.steps or type(result).__name__ in ("Tornado", "Sensitivity"):
                    table = result.to_frame().to_string(index=False, float_format="{:.4g}".format)
                    lines += [f"    {line}" for line in table.splitlines()]
            blocks.append("\n".join(lines))
        return "\n".join(blocks)

    def as_json(self, questions: Iterable[Question]) -> list[dict[str, Any]]:
        """Return the answers as JSON has them."""
        return [
            {
                "question": question.key,
                "name": question.name,
                "unit": question.unit,
                "answers": [
                    {
                        "kind": type(result).__name__.lower().strip("_"),
                        "summary": result.summary(),
                        "rows": records(result.to_frame()),
                    }
                    for result in results
                ],
            }
            for question in questions
            if (results := self.answers(question))
        ]


@dataclass(frozen=True, slots=True, repr=False)
class _Untold(Answer):
    """Why there is no answer of a kind, where there is none."""

    reason: str

    def summary(self) -> str:
        """Return the reason."""
        return self.reason

    def to_frame(self) -> Any:
        """Return no row."""
        import pandas as pd

        return pd.DataFrame()

    def plot(self, ax: Any = None) -> Any:
        """Refuse: there is nothing to draw."""
        raise NotIdentified(self.reason)

    def explain(self) -> str:
        """Return the reason."""
        return self.reason


def _indices(question: Question, seed: int, progress: Any) -> Any:
    """Return what the variance is due to, or why it cannot be told."""
    try:
        return question.sobol(seed=seed, progress=progress)
    except NotIdentified as error:
        return _Untold(f"{error}.")


def uncertainty_options(command: F) -> F:
    """Add `--bounds`, `--draws`, `--tornado`, `--sobol` and `--seed`, handed on as `asked`."""

    @functools.wraps(command)
    def wrapped(
        *args: Any,
        bounds: bool,
        draws: int | None,
        tornado: bool,
        sobol: bool,
        seed: int,
        **kwargs: Any,
    ) -> Any:
        return command(*args, asked=Asked(bounds, draws, tornado, sobol, seed), **kwargs)

    options = (
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
    )  # fmt: skip
    decorated: Any = wrapped
    for option in reversed(options):
        decorated = option(decorated)
    result: F = decorated
    return result


def records(frame: Any) -> list[dict[str, Any]]:
    """Return a frame's rows with plain numbers; what is missing becomes null."""
    found: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return found


def at_option(command: F) -> F:
    """Add `--at middle`, handed on as `at_middle`."""

    @functools.wraps(command)
    def wrapped(*args: Any, at: str | None, **kwargs: Any) -> Any:
        return command(*args, at_middle=at == "middle", **kwargs)

    decorated: Any = click.option(
        "--at", type=click.Choice(["middle"]),
        help="Answer with one number each, at the middle of every range, and say so.",
    )(wrapped)  # fmt: skip
    result: F = decorated
    return result
