"""What a shell offers to complete: names of shipped cases, of companies, and ids."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def case_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the shipped cases, and files."""
    from tariffimpact.release import shipped_folder

    names = sorted(path.stem for path in shipped_folder("cases").glob("*.toml"))
    # files come first: bash forgets what was offered before them
    return [CompletionItem(incomplete, type="file"), *_offered(names, incomplete)]


def company_names(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the companies of the shipped facts."""
    from tariffimpact.facts import read_facts

    return _offered(read_facts().companies, incomplete)


def source_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Offer the ids of the shipped sources."""
    from tariffimpact.facts import read_facts

    return _offered((source.source_id for source in read_facts().sources), incomplete)


def citable_ids(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the ids of the shipped sources and facts."""
    from tariffimpact.facts import entries, read_facts

    facts = read_facts()
    ids = [source.source_id for source in facts.sources]
    return _offered([*ids, *(entry.fact_id for entry in entries(facts))], incomplete)


def _offered(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """Return what begins with the word so far, without regard to case."""
    begun = (name for name in names if name.casefold().startswith(incomplete.casefold()))
    return [CompletionItem(_in_shell(name)) for name in begun]


def _in_shell(name: str) -> str:
    """Return a name as bash takes it: it quotes nothing, and reads one backslash of two away."""
    if os.environ.get("_TARIFFIMPACT_COMPLETE", "").startswith("bash"):
        return re.sub(r"([^\w.-])", r"\\\\\1", name)
    return name
