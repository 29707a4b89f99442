"""The template language: a subset of Jinja with limits on access, time and size.

It has values, conditions, loops and the filters of `template.filters`, but no calls, assignments,
macros, imports or blocks. Names resolve to plain JSON values only, so attributes of Python objects
are out of reach. Steps are counted at run time, so that nested loops end soon. A template is bound
to one `Escape`, which says how values are written into the surrounding text.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from platewire.outputs.template import filters as template_filters
from platewire.outputs.template.filters import known

TEXT_CHARACTERS_MAX = 32 * 1024
"""Characters of a template, at most; a bound on the time it takes to compile."""
OUTPUT_CHARACTERS_MAX = 128 * 1024
"""Characters that a template can give, at most; a bound on memory and on what receivers must
take."""
VALUE_CHARACTERS_MAX = 64 * 1024
"""Characters of one value on the way, at most; half of the output."""
WORK_MAX = 100_000
"""Of one rendering: about one for each step of the template and each character that a value has."""
NUMBER_MAX = 2**63
"""Results of arithmetic stay below it: beyond 64 bits, receivers cannot read a number exactly."""

ROOTS = frozenset({"event", "site", "pictures"})
LOOP = frozenset({"index", "index0", "first", "last", "length"})

EACH, MEASURED = "each item", "one text"
"""Filters of our own in places where a template has none; nobody can write names with a space."""

PARTS: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.For,
    nodes.If,
    nodes.Name,
    nodes.Const,
    nodes.List,
    nodes.Tuple,
    nodes.CondExpr,
    nodes.Filter,
    nodes.Test,
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.Keyword,
    nodes.Compare,
    nodes.Operand,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.FloorDiv,
    nodes.Mod,
    nodes.Concat,
)

Escape = Callable[[Any], str]
"""Of a JSON value: how it stands in the text around it. ValueError where it cannot."""


class TemplateError(ValueError):
    """The template is invalid, or fails for this event; the text says where and why."""


class Text(NamedTuple):
    """A compiled template."""

    render: Callable[[Mapping[str, Any]], str]
    """From the roots' values; TemplateError where that cannot be done."""


def compiled(text: str, escape: Escape) -> Text:
    """TemplateError for what is no template of this language."""
    if len(text) > TEXT_CHARACTERS_MAX:
        raise TemplateError(f"it has more than {TEXT_CHARACTERS_MAX} characters")
    environment = _Environment(escape)
    try:
        template = environment.from_string(text)
    except TemplateSyntaxError as error:
        raise TemplateError(f"line {error.lineno}: {error.message}") from error
    except (Exception, RecursionError) as error:
        # Python's own compiler has limits too: nesting, length of numbers.
        raise TemplateError(f"invalid template: {error}") from error

    def render(values: Mapping[str, Any]) -> str:
        environment.work = 0
        try:
            return _joined(template.generate(dict(values)))
        except (Exception, RecursionError) as error:
            raise TemplateError(f"{_line(error)}{_reason(error)}") from error

    return Text(render)


def _joined(pieces: Iterator[str]) -> str:
    kept, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > OUTPUT_CHARACTERS_MAX:
            raise TemplateError(f"its output has more than {OUTPUT_CHARACTERS_MAX} characters")
        kept.append(piece)
    return "".join(kept)


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%"})

    def __init__(self, escape: Escape) -> None:
        @pass_context  # and so never worked out before there is an event
        def written(_: Context, value: Any) -> str:
            text = escape(known(value))
            self._measured(text)
            return text

        super().__init__(
            undefined=StrictUndefined,
            finalize=written,
            keep_trailing_newline=True,
            optimized=False,
            cache_size=0,
        )
        self.work = 0
        self.globals = {}
        self.filters = {
            name: self._counted(each) for name, each in template_filters.FILTERS.items()
        }
        self.filters |= {EACH: self._each, MEASURED: self._measured}
        self.tests = {name: self.tests[name] for name in ("defined", "undefined", "none")}

    # --- what a template may be ------------------------------------------------------------------

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        _check(template)
        for loop in list(template.find_all(nodes.For)):
            weight = sum(1 for part in loop.body for _ in part.find_all(nodes.Node)) + 1
            loop.iter = _filtered(loop.iter, EACH, nodes.Const(weight))
        measured: nodes.Template = _measuring(template)
        return measured

    # --- what it may do --------------------------------------------------------------------------

    def spend(self, amount: int) -> None:
        self.work += amount
        if self.work > WORK_MAX:
            raise TemplateError("it exceeds the step limit; remove nested loops")

    def _each(self, value: Any, weight: int) -> list[Any]:
        if not isinstance(known(value), list | tuple | dict):
            raise TemplateError(f"a loop requires a list, not {_kind(value)}")
        self.spend(len(value) * weight)
        return list(value)

    def _measured(self, value: Any) -> Any:
        if isinstance(value, str):
            if len(value) > VALUE_CHARACTERS_MAX:
                raise TemplateError(f"a value has more than {VALUE_CHARACTERS_MAX} characters")
            self.spend(len(value) + 1)
        return value

    def _counted(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            for each in (*arguments, *named.values()):
                self._measured(each)
            return self._measured(work(*arguments, **named))

        return counted

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, LoopContext):
            found = getattr(obj, attribute) if attribute in LOOP else None
            return self.undefined(name=attribute) if found is None else found
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Of JSON values only: by key, by place, or a piece from place to place."""
        if isinstance(obj, Undefined):
            return obj[argument]  # which tells what is not there
        if isinstance(obj, dict) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, str | list | tuple) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except IndexError:
                pass
        return self.undefined(f"{_kind(obj)} has no {argument!r}", obj=obj, name=str(argument))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return self._measured(left + right)
        for each in (left, right):
            if not isinstance(known(each), int | float):
                raise TemplateError(
                    f"{operator} requires numbers, not {_kind(each)}; join texts with ~"
                )
        result = self.binop_table[operator](left, right)
        if not math.isfinite(result) or abs(result) >= NUMBER_MAX:
            raise TemplateError(f"the number is too large for {operator}")
        return result

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return False

    def is_safe_callable(self, obj: Any) -> bool:
        return False


def _check(template: nodes.Template) -> None:
    parts = list(template.find_all(nodes.Node))
    targets = {each.name for each in parts if isinstance(each, nodes.Name) and each.ctx == "store"}
    for each in parts:
        if type(each) not in PARTS:
            _refuse(f"{type(each).__name__.lower()} is not supported in templates", each)
        if isinstance(each, nodes.For) and each.recursive:
            _refuse("recursive loops are not supported", each)
        if isinstance(each, nodes.Name) and each.name not in ROOTS | targets | {"loop"}:
            _refuse(f"unknown name `{each.name}`; known: {', '.join(sorted(ROOTS))}", each)


def _refuse(reason: str, part: nodes.Node) -> NoReturn:
    raise TemplateSyntaxError(reason, part.lineno)


def _measuring(part: Any) -> Any:
    """Joined texts are measured at once, not only where they are written."""
    for name, value in list(part.iter_fields()):
        if isinstance(value, nodes.Node):
            setattr(part, name, _measuring(value))
        elif isinstance(value, list):
            new = [_measuring(each) if isinstance(each, nodes.Node) else each for each in value]
            setattr(part, name, new)
    return _filtered(part, MEASURED) if isinstance(part, nodes.Concat) else part


def _filtered(value: nodes.Node, name: str, *arguments: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(value, name, list(arguments), [], None, None)
    made.set_lineno(value.lineno)
    if value.environment is not None:
        made.set_environment(value.environment)
    return made


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        tuple: "a list",
        str: "a text",
        bool: "a boolean",
    }
    if isinstance(value, Undefined):
        return "an undefined value"
    return "null" if value is None else names.get(type(value), "a number")


def _line(error: BaseException) -> str:
    """Where in the template; Jinja puts frames with its lines into the traceback."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return f"line {line}: " if line else ""


def _reason(error: BaseException) -> str:
    match error:
        case ZeroDivisionError():
            return "division by zero"
        case RecursionError():
            return "nested too deeply"
        case _:
            return " ".join(str(error).split())[:300] or type(error).__name__
