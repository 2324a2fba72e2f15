# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists possible small changes to code (mutants, by cosmic-ray), and draws a sample of them.

Only code with an effect is changed: annotations and other type expressions are for type checkers.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import itertools
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

Position = tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """One change of one file: `operator` at the place with the number `occurrence`.

    text: the changed line. number: counts equal changes of equal lines in a file.
    """

    tree: Path
    file: str
    operator: str
    occurrence: int
    first_line: int
    last_line: int
    text: str
    number: int

    @property
    def identity(self) -> str:
        """An identity that does not depend on other lines of the file."""
        return "\n".join([self.file, self.operator, self.text, str(self.number)])

    @property
    def place(self) -> str:
        return f"{self.file}:{self.first_line} {self.operator.split('/')[-1]}"

    @cached_property
    def code(self) -> str:
        """The contents of the file with the change."""
        before = (self.tree / self.file).read_text()
        return str(mutate_code(before, get_operator(self.operator)(), self.occurrence))

    def is_python(self) -> bool:
        """Whether the changed file compiles without a warning, like all code here."""
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                compile(self.code, self.file, "exec")
            except (SyntaxError, SyntaxWarning):
                return False
        return True

    @cached_property
    def name(self) -> str:
        """The file, and the changed lines before and after."""
        lines = (self.tree / self.file).read_text().splitlines(), self.code.splitlines()
        changed = [
            f"{line[0]} {line[2:].strip()}" for line in difflib.ndiff(*lines) if line[0] in "-+"
        ]
        return "\n".join([self.file, *changed])


def sample(tree: Path, files: Iterable[str], size: int, seed: int) -> tuple[list[Mutant], int]:
    """A sample of `size` mutants of these files of `tree`, and the total number of mutants.

    Each mutant has a fixed rank, so that new code only replaces a part of the sample.
    """

    def rank(mutant: Mutant) -> bytes:
        return hashlib.sha256(f"{seed}\n{mutant.identity}".encode()).digest()

    ranked = sorted((one for file in files for one in mutants(tree, file)), key=rank)
    return list(itertools.islice(filter(Mutant.is_python, ranked), size)), len(ranked)


def mutants(tree: Path, file: str) -> Iterator[Mutant]:
    """All changes that cosmic-ray can make to the file; some of them are invalid Python."""
    code = (tree / file).read_text()
    lines = code.splitlines()
    no_behaviour = list(type_expressions(code))
    nodes = list(ast_nodes(get_ast(code)))
    alike: Counter[tuple[str, str]] = Counter()
    for name in sorted(operator_names()):
        kind = get_operator(name)
        if kind.arguments():
            continue
        operator = kind()
        places = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(places):
            if any(first <= start < last for first, last in no_behaviour):
                continue
            text = lines[start[0] - 1].strip()
            yield Mutant(tree, file, name, occurrence, start[0], end[0], text, alike[name, text])
            alike[name, text] += 1


def type_expressions(code: str) -> Iterator[tuple[Position, Position]]:
    """The begin and end, as (line, column), of each piece of code that only type checkers use."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, (ast.arg, ast.AnnAssign)):
            yield from _span(node.annotation)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _span(node.returns)
            for decorator in node.decorator_list:
                # Missing methods are errors for type checkers.
                if ast.unparse(decorator) in ("abstractmethod", "overload"):
                    yield (decorator.lineno, 0), (decorator.lineno + 1, 0)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "cast":
            yield from _span(node.args[0])


def _span(part: ast.expr | None) -> Iterator[tuple[Position, Position]]:
    if part is not None:
        first = (part.lineno, part.col_offset)
        yield first, (part.end_lineno or first[0], part.end_col_offset or first[1])
