"""The code that counts follow from, as a digest: another digest makes what was counted foreign."""

import ast
import functools
import hashlib
import io
import json
import tokenize
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# All that counts follow from: the model, how configurations are read, and who is simulated.
FOLDERS = ("sim", "conf", "experiments/simulating")
# What the same counts also depend on: their logarithms and their compiler.
PACKAGES = ("numpy", "numba")


@functools.cache
def code_files(more: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the digest of every source that counts follow from, by file, and the versions of PACKAGES.

    ``more``: further folders that this ledger's entries follow from. A docstring, a comment or a blank line
    changes no digest.
    """
    folders = (path for folder in (*FOLDERS, *more) for path in sorted((ROOT / folder).rglob("*.py")))
    return {**source_digests(folders), **{name: metadata.version(name) for name in PACKAGES}}


def source_digests(paths: Iterable[Path]) -> dict[str, str]:
    """Return the digest of each source's statements, by file."""
    return {
        path.relative_to(ROOT).as_posix(): hashlib.sha256(statements(path).encode()).hexdigest()
        for path in paths
    }


def statements(path: Path) -> str:
    """Return a source without its docstrings, comments and blank lines."""
    source = path.read_text("utf-8")
    lines = [line.encode() for line in source.split("\n")]
    left_out = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                assert first.end_lineno is not None
                assert first.end_col_offset is not None
                left_out.append((first.lineno, first.col_offset, first.end_lineno, first.end_col_offset))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            start = len(source.split("\n")[row - 1][:column].encode())
            left_out.append((row, start, row, start + len(token.string.encode())))
    for top, start, bottom, stop in sorted(left_out, reverse=True):
        lines[top - 1 : bottom] = [lines[top - 1][:start] + lines[bottom - 1][stop:]]
    return "\n".join(line.decode().rstrip() for line in lines if line.strip())


@functools.cache
def code_digest(more: tuple[str, ...] = ()) -> str:
    """Return the digest of all that ``code_files`` names."""
    return digest(code_files(more))


def digest(content: object) -> str:
    """Return the SHA-256 of plain values, in hexadecimal."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
