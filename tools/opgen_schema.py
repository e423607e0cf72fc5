"""The operator declarations as data: literals found in the headers, parsed from PyTorch's schema language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

POINTWISE = {"Promote", "PromoteFloat", "PromoteInt", "Compare"}
KINDS = POINTWISE | {"Structured", "ViewOp", "Compound", "Composite"}

DECLARATION = re.compile(
    r"(?:struct\s+(?P<struct>\w+)[^;{]*\{\s*static\s+constexpr\s+Op\s+op|"
    r"inline\s+constexpr\s+Op\s+(?P<variable>\w+))\s*\{\s*"
    r"(?P<schema>(?:\"(?:[^\"\\]|\\.)*\"\s*)+),\s*(?P<doc>(?:\"(?:[^\"\\]|\\.)*\"\s*)+),\s*"
    r"Kind::(?P<kind>\w+),\s*\"(?P<forms>[fmionp]*)\"",
)

# One declaration for operators that differ in their name alone, which stands for `{}`.
FAMILY = re.compile(
    r"constexpr\s+Family\s+(?P<variable>\w+)\s*\{\s*"
    r"(?P<schema>(?:\"(?:[^\"\\]|\\.)*\"\s*)+),\s*(?P<doc>(?:\"(?:[^\"\\]|\\.)*\"\s*)+),\s*"
    r"(?P<names>(?:\"[^\"]*\"\s*)+),\s*(?P<call>\"[^\"]*\"),\s*(?P<inplace>\"[^\"]*\")",
)

CPP_TYPES = {
    "Tensor": "const Tensor&",
    "Tensor?": "const Tensor&",
    "Tensor[]": "TensorList",
    "Tensor?[]": "TensorList",
    "Scalar": "Scalar",
    "Scalar?": "std::optional<Scalar>",
    "int": "int64_t",
    "int?": "std::optional<int64_t>",
    "int[]": "IntList",
    "int[]?": "OptIntList",
    "Scalar[]": "ScalarList",
    "float[]?": "OptFloatList",
    "bool": "bool",
    "bool?": "std::optional<bool>",
    "float": "double",
    "float?": "std::optional<double>",
    "str": "std::string_view",
    "str?": "std::optional<std::string_view>",
    "ScalarType": "DType",
    "ScalarType?": "OptDType",
    "Device": "Device",
    "MemoryFormat": "MemoryFormat",
    "Device?": "std::optional<Device>",
    "Layout?": "std::optional<Layout>",
    "MemoryFormat?": "std::optional<MemoryFormat>",
    "Generator?": "Generator*",
    "Storage": "Storage*",
}

PYTHON_TYPES = {
    "Tensor": "Tensor",
    "Tensor?": "Tensor | None",
    "Tensor[]": "Sequence[Tensor]",
    "Tensor?[]": "Sequence[Tensor | None]",
    "Scalar": "Number",
    "Scalar?": "Number | None",
    "int": "int",
    "int?": "int | None",
    "int[]": "Sequence[int] | int",
    "int[]?": "Sequence[int] | int | None",
    "Scalar[]": "Sequence[Number]",
    "float[]?": "Sequence[float] | None",
    "bool": "bool",
    "bool?": "bool | None",
    "float": "float",
    "float?": "float | None",
    "str": "str",
    "str?": "str | None",
    "ScalarType": "dtype",
    "ScalarType?": "dtype | None",
    "Device": "Any",
    "MemoryFormat": "Any",
    "Device?": "Any",
    "Layout?": "Any",
    "MemoryFormat?": "Any",
    "Generator?": "Generator | None",
    "Storage": "Any",
}

DEFAULTS = {
    "None": "{}",
    "True": "true",
    "False": "false",
    "Mean": "1",
    "Sum": "2",
    "[]": "IntList{}",
    "long": "DType::Int64",
    "contiguous_format": "MemoryFormat::Contiguous",
}


@dataclass
class Arg:
    type: str  # normalised: alias marks and list lengths dropped
    name: str
    default: str | None
    keyword_only: bool

    @property
    def cpp_type(self) -> str:
        return CPP_TYPES[self.type]

    @property
    def cpp_default(self) -> str | None:
        if self.default is None:
            return None
        if self.type == "Generator?":
            return "nullptr"
        if self.default in DEFAULTS:
            return DEFAULTS[self.default]
        if self.default.startswith("["):
            return "{" + self.default[1:-1] + "}"
        if self.default.startswith("'"):
            return '"' + self.default[1:-1] + '"'
        return self.default

    @property
    def is_tensor(self) -> bool:
        return self.type.startswith("Tensor")


@dataclass
class Operator:
    struct: str | None
    variable: str | None
    schema: str
    doc: str
    kind: str
    forms: str
    name: str
    overload: str
    args: list[Arg]
    returns: list[str]
    header: Path = field(default=Path())
    call: str = ""  # what a member of a family does with the i-th tensors

    @property
    def pointwise(self) -> bool:
        return self.kind in POINTWISE

    @property
    def cpp_return(self) -> str:
        if not self.returns:
            return "void"
        if len(self.returns) > 1:
            return "std::tuple<" + ", ".join(["Tensor"] * len(self.returns)) + ">"
        single = self.returns[0]
        if "!" in single:
            return "const Tensor&"
        single = re.sub(r"\([^)]*\)", "", single)
        results = {"Tensor": "Tensor", "Tensor[]": "Tensors", "Scalar": "Scalar", "bool": "bool", "int": "int64_t"}
        return (results | {"ScalarType": "DType"})[single]

    @property
    def cpp_name(self) -> str:
        """Overloads whose default arguments C++ could not tell apart are named there by their overload."""
        return f"{self.name}_{self.overload or 'all'}" if "p" in self.forms else self.name

    @property
    def self_index(self) -> int:
        for i, arg in enumerate(self.args):
            if arg.name == "self":
                return i
        return -1


def members(match: re.Match[str], header: Path) -> list[Operator]:
    """The operators of a family, each followed by its in-place form."""
    found = []
    doc = literal(match["doc"])
    kinds = "f" if "Tensor[]" in match["schema"] else "fo"
    for name in literal(match["names"]).split():
        schema = literal(match["schema"]).replace("{}", name)
        head, _, rest = schema.partition("(")
        base, dot, overload = head.partition(".")
        written = f"{base}_{dot}{overload}({rest}".replace("Tensor[] self", "Tensor(a!)[] self", 1)
        written = written.replace(" -> Tensor[]", " -> ()")
        forms = [(schema, match["call"], doc), (written, match["inplace"], f"{doc} In place.")]
        for text, call, what in forms:
            call = literal(call).replace("{}", name)
            if not call:
                continue
            full, overload, args, returns = parse_schema(text)
            variable = f"{match['variable']}_{full.removeprefix('_foreach_')}_op"
            what = what.replace("{}", name)
            found.append(
                Operator(None, variable, text, what, "Composite", kinds, full, overload, args, returns, header, call)
            )
    return found


def literal(text: str) -> str:
    """The value of adjacent string literals."""
    return "".join(m.encode().decode("unicode_escape") for m in re.findall(r'"((?:[^"\\]|\\.)*)"', text))


def split_top(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += c in "[("
        depth -= c in "])"
        if c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    last = text[start:].strip()
    return parts + [last] if last else parts


def normalise(type_: str) -> str:
    type_ = re.sub(r"\([^)]*\)", "", type_).replace("SymInt", "int")
    return re.sub(r"\[\d+\]", "[]", type_)


def parse_schema(schema: str) -> tuple[str, str, list[Arg], list[str]]:
    head, _, tail = schema.partition("(")
    body, _, returns = tail.rpartition(") -> ")
    name, _, overload = head.partition(".")
    args, keyword_only = [], False
    for part in split_top(body):
        if part == "*":
            keyword_only = True
            continue
        type_, _, rest = part.rpartition(" ") if "=" not in part else _split_default(part)
        arg_name, _, default = rest.partition("=")
        args.append(Arg(normalise(type_), arg_name, default if "=" in rest else None, keyword_only))
    if returns.startswith("("):
        outs = [r.split(" ")[0] for r in split_top(returns[1:-1])]
    else:
        outs = [returns]
    return name, overload, args, outs


def _split_default(part: str) -> tuple[str, str, str]:
    left, _, default = part.partition("=")
    type_, _, name = left.rpartition(" ")
    return type_, " ", f"{name}={default}"


def read_operators(header: Path) -> list[Operator]:
    source = re.sub(r"//[^\n]*", "", header.read_text())
    found = []
    declared = len(re.findall(r"constexpr\s+Op\s+\w+\s*\{", source))
    for m in DECLARATION.finditer(source):
        schema = literal(m["schema"])
        name, overload, args, returns = parse_schema(schema)
        kind = m["kind"]
        if kind not in KINDS:
            raise SystemExit(f"{header}: unknown kind {kind} of {schema}")
        if kind != "Composite" and not m["struct"]:
            raise SystemExit(f"{header}: {schema}: only composites are declared outside a struct")
        found.append(
            Operator(
                m["struct"],
                m["variable"],
                schema,
                literal(m["doc"]),
                kind,
                m["forms"],
                name,
                overload,
                args,
                returns,
                header,
            )
        )
    for m in FAMILY.finditer(source):
        found += members(m, header)
        declared += len(members(m, header))
    if len(found) != declared:
        raise SystemExit(f"{header}: {declared} operators declared but {len(found)} understood")
    return found
