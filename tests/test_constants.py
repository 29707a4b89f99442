"""Every numeric constant of a module says what it is, its unit and how it was chosen."""

import ast
from pathlib import Path

import platewire

ROOT = Path(platewire.__file__).parent


def is_numeric(node: ast.expr) -> bool:
    """A number, arithmetic on numbers, a timedelta, or a tuple of these."""
    match node:
        case ast.Constant(value=bool()):
            return False
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(operand=operand):
            return is_numeric(operand)
        case ast.BinOp(left=left, right=right):
            return is_numeric(left) and is_numeric(right)
        case ast.Tuple(elts=elements):
            return bool(elements) and all(is_numeric(element) for element in elements)
        case ast.Call(func=ast.Name(id="timedelta") | ast.Attribute(attr="timedelta")):
            return True
        case _:
            return False


def numeric_constants(body: list[ast.stmt]) -> list[tuple[str, ast.stmt, ast.stmt | None]]:
    """Name, statement and next statement of each numeric UPPER_CASE constant in `body`."""
    found: list[tuple[str, ast.stmt, ast.stmt | None]] = []
    for index, statement in enumerate(body):
        match statement:
            case ast.Assign(targets=[target], value=value):
                pass
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                pass
            case _:
                continue
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        following = body[index + 1] if index + 1 < len(body) else None
        if is_numeric(value):
            found += [
                (name.id, statement, following)
                for name in names
                if isinstance(name, ast.Name) and name.id.isupper()
            ]
    return found


def is_explained(statement: ast.stmt, following: ast.stmt | None, lines: list[str]) -> bool:
    """Whether a docstring follows, or a comment stands above or on the statement's lines."""
    match following:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    above = lines[statement.lineno - 2].strip() if statement.lineno > 1 else ""
    own = lines[statement.lineno - 1 : statement.end_lineno]
    return above.startswith("#") or any("#" in line for line in own)


def unexplained(source: str) -> list[str]:
    """`line: name` of each numeric constant in `source` without a word."""
    lines = source.splitlines()
    return [
        f"{statement.lineno}: {name}"
        for name, statement, following in numeric_constants(ast.parse(source).body)
        if not is_explained(statement, following, lines)
    ]


def test_every_numeric_constant_is_explained() -> None:
    missing = [
        f"{path.relative_to(ROOT)}:{entry}"
        for path in sorted(ROOT.rglob("*.py"))
        for entry in unexplained(path.read_text(encoding="utf-8"))
    ]
    assert not missing, "constants without a docstring or comment:\n" + "\n".join(missing)


def test_the_check_sees_what_is_missing() -> None:
    source = (
        "from datetime import timedelta\n"
        "WAIT_S = 5\n"
        "LIMITS = (1, 2 * 3)\n"
        "AGE = timedelta(days=1)\n"
        "LOW, HIGH = 1, 2\n"
        "NAME = 'text'\n"
        "\n"
        "# Above.\n"
        "ABOVE = 1\n"
        "BESIDE = 2  # beside\n"
        "BELOW = 3\n"
        '"""Below."""\n'
    )
    assert unexplained(source) == ["2: WAIT_S", "3: LIMITS", "4: AGE", "5: LOW", "5: HIGH"]
