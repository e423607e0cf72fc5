"""Tensors as text, character for character as PyTorch prints them."""

from __future__ import annotations

from math import ceil, inf, isfinite

from gradus import _C

_DEFAULTS = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": inf, "edgeitems": 3, "linewidth": 80},
}


class PRINT_OPTS:
    """The options in force."""

    precision = 4
    threshold = 1000
    edgeitems = 3
    linewidth = 80
    sci_mode = None


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Sets how tensors print: digits, size from which they are summarised, items kept at each edge, columns.

    `profile` ("default", "short", "full") sets several at once. `sci_mode` forces or forbids exponents; left out, it
    goes back to choosing by the values.
    """
    chosen = dict(_PROFILES.get(profile, {}))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen.update((name, value) for name, value in given.items() if value is not None)
    for name, value in chosen.items():
        setattr(PRINT_OPTS, name, value)
    PRINT_OPTS.sci_mode = sci_mode


def get_printoptions() -> dict:
    """The options in force, as set_printoptions takes them."""
    return {name: getattr(PRINT_OPTS, name) for name in _DEFAULTS}


class printoptions:
    """`with printoptions(precision=2):` sets options until the end of the block."""

    def __init__(self, **options):
        self.options = options

    def __enter__(self):
        self.before = get_printoptions()
        set_printoptions(**self.options)

    def __exit__(self, *exc_info):
        set_printoptions(**self.before)


class _Formatter:
    """Decides from all printed values how each is written: as integers, with decimals or with exponents, how wide."""

    def __init__(self, values, floating: bool):
        self.spec = None
        self.width = 1
        if floating:
            self._choose(values)
        else:
            self.width = max(map(len, map(str, values)), default=1)

    def _choose(self, values) -> None:
        finite = [value for value in values if value != 0 and isfinite(value)]
        self.integral, self.scientific = True, False
        precision = PRINT_OPTS.precision
        if finite:
            sizes = list(map(abs, finite))
            largest, smallest = max(sizes), min(sizes)
            self.integral = all(value == ceil(value) for value in finite)
            self.scientific = PRINT_OPTS.sci_mode
            if self.scientific is None:
                self.scientific = largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
        if self.scientific:
            self.spec = f".{precision}e"
        else:
            self.spec = ".0f" if self.integral else f".{precision}f"
        if finite:
            self.width = max(len(format(value, self.spec)) for value in finite)
            if self.integral and not self.scientific:
                self.width += 1  # the point

    def __call__(self, value) -> str:
        if self.spec is None:
            text = str(value)
        else:
            text = format(value, self.spec)
            if self.integral and not self.scientific and isfinite(value):
                text += "."
        return text.rjust(self.width)


def _fetch(tensor, summarize: bool):
    """The values to print as nested lists: all of them, or the edges of every dimension."""
    keep = PRINT_OPTS.edgeitems
    if summarize and keep:
        for dim, size in enumerate(tensor.shape):
            if size > 2 * keep:
                ends = (tensor.narrow(dim, 0, keep), tensor.narrow(dim, size - keep, keep))
                tensor = _C.cat(ends, dim)
    return tensor.tolist()


def _leaves(nested, dim: int):
    if dim == 0:
        return [nested]
    for _ in range(dim - 1):
        nested = [item for inner in nested for item in inner]
    return nested


def _row(items: list[str], width: int, indent: int, dots: bool) -> str:
    """One innermost dimension, broken into lines of as many elements as fit."""
    per_line = max(1, (PRINT_OPTS.linewidth - indent) // (width + 2))
    if dots:
        items = [*items[: PRINT_OPTS.edgeitems], " ...", *items[PRINT_OPTS.edgeitems :]]
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _nested_str(nested, shape, indent: int, summarize: bool, formatter) -> str:
    """Brackets, commas and line breaks around the values; `shape` is the tensor's own, `nested` may hold its edges."""
    keep = PRINT_OPTS.edgeitems
    dots = summarize and shape[0] > 2 * keep
    if len(shape) == 1:
        return _row(list(map(formatter, nested)), formatter.width, indent, dots)
    slices = [_nested_str(item, shape[1:], indent + 1, summarize, formatter) for item in nested]
    if dots:
        slices.insert(keep, "...")
    return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(slices) + "]"


def _tensor_str(tensor, indent: int) -> str:
    """The values between the prefix and the suffixes."""
    count = tensor.numel()
    if count == 0:
        return "[]"
    summarize = count > PRINT_OPTS.threshold
    if summarize and not PRINT_OPTS.edgeitems:
        return "[...]"
    nested = _fetch(tensor, summarize)
    formatter = _Formatter(_leaves(nested, tensor.dim()), tensor.dtype.is_floating_point)
    if tensor.dim() == 0:
        return formatter(nested)
    return _nested_str(nested, tuple(tensor.shape), indent, summarize, formatter)


def _gradient_suffix(tensor) -> str | None:
    try:
        node = tensor.grad_fn
    except RuntimeError:  # a view whose history can no longer be rebuilt
        return "grad_fn=<Invalid>"
    if node is not None:
        name = type(node).__name__
        return f"grad_fn=<{node.name().rsplit('::', 1)[-1] if name == 'CppFunction' else name}>"
    return "requires_grad=True" if tensor.requires_grad else None


def _suffixes(tensor) -> list[str]:
    """What follows the values: size of empty tensors, dtype, gradient."""
    suffixes = []
    if tensor.device.type != "cpu":
        suffixes.append(f"device='{tensor.device}'")
    default = _C.get_default_dtype()
    if tensor.numel() == 0:
        if tensor.dim() != 1:
            suffixes.append(f"size={tuple(tensor.shape)}")
        if tensor.dtype != default:
            suffixes.append(f"dtype={tensor.dtype}")
    else:
        if not PRINT_OPTS.edgeitems:
            suffixes.append(f"size={tuple(tensor.shape)}")
        if tensor.dtype not in (default, _C.int64, _C.bool):
            suffixes.append(f"dtype={tensor.dtype}")
    gradient = _gradient_suffix(tensor)
    if gradient is not None:
        suffixes.append(gradient)
    return suffixes


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Appends the suffixes, each on a new line if the line would grow too long."""
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > PRINT_OPTS.linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"


def _str(tensor, *, tensor_contents: str | None = None) -> str:
    """repr of a tensor. `tensor_contents` replaces the values."""
    from gradus.nn.parameter import Parameter

    plain = type(tensor) is _C.Tensor or type(tensor) is Parameter
    prefix = "tensor(" if plain else f"{type(tensor).__name__}("
    if tensor_contents is None:
        # grad mode off: the slices below must not extend the graph
        recording = _C.is_grad_enabled()
        _C._set_grad_enabled(False)
        try:
            tensor_contents = _tensor_str(tensor, len(prefix))
        finally:
            _C._set_grad_enabled(recording)
    text = _with_suffixes(prefix + tensor_contents, _suffixes(tensor), len(prefix))
    if isinstance(tensor, Parameter) and not plain:
        text = f"Parameter({text})"
    return text


def _format(tensor, spec: str) -> str:
    """format(tensor, spec): numbers as Python formats them, everything else takes no spec."""
    if tensor.dim() == 0 and type(tensor) is _C.Tensor:
        return tensor.item().__format__(spec)
    return object.__format__(tensor, spec)
