"""Products with Jacobians and Hessians of functions of tensors, and those matrices themselves."""

from __future__ import annotations

from gradus import _C
from gradus._modes import enable_grad, set_grad_enabled
from gradus.autograd import grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_OUTPUTS = "outputs of the user-provided function"


def _tensors(value, what: str, function: str) -> tuple[bool, tuple]:
    """Whether it was a tuple, and the tensors as one; TypeError for anything else."""
    was_tuple = isinstance(value, tuple)
    values = value if was_tuple else (value,)
    for number, item in enumerate(values):
        if not isinstance(item, _C.Tensor):
            which = f"value at index {number}" if was_tuple else f"given {what}"
            raise TypeError(
                f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but the {which} has "
                f"type {type(item)}."
            )
    return was_tuple, values


def _prepared(values: tuple, create_graph: bool, need_graph: bool) -> tuple:
    """The same values where a graph can begin; with `create_graph`, as part of the graph they are in."""
    return tuple(
        value.view_as(value) if create_graph and value.requires_grad else value.detach().requires_grad_(need_graph)
        for value in values
    )


def _finished(values, create_graph: bool):
    """Results, nested tuples included, outside the graph unless it is wanted."""
    if create_graph:
        return values
    return tuple(value.detach() if isinstance(value, _C.Tensor) else _finished(value, create_graph) for value in values)


def _unpacked(values: tuple, was_tuple: bool):
    return values if was_tuple else values[0]


def _unpacked_matrix(values: tuple, outer_tuple: bool, inner_tuple: bool):
    rows = values if inner_tuple else tuple(row[0] for row in values)
    return _unpacked(rows, outer_tuple)


def _checked_v(v, function: str, create_graph: bool, like: tuple, like_tuple: bool) -> tuple:
    """The given vector, which must look like `like`."""
    _, v = _tensors(v, "v", function)
    v = _prepared(v, create_graph, False)
    if len(like) != len(v):
        if like_tuple:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for number, (ours, theirs) in enumerate(zip(v, like)):
        if ours.size() != theirs.size():
            entry = f"Entry {number} in " if like_tuple else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {theirs.size()} but got {ours.size()}.")
    return v


def _input_vector(v, function: str, create_graph: bool, inputs: tuple, was_tuple: bool, subject: str):
    """The vector next to the inputs; None stands for 1 if there is one input of one element."""
    if v is not None:
        return _checked_v(v, function, create_graph, inputs, was_tuple)
    if len(inputs) != 1 or inputs[0].nelement() != 1:
        raise RuntimeError(
            f"The vector v can only be None if the input to {subject} is a single Tensor with a single element."
        )
    return None


_INDEPENDENT = {
    "outputs": "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
    "differentiable manner from the input when running in strict mode.",
    "grad_inputs": "The gradient with respect to input {} is independent of the inputs of the user-provided function. "
    "This is not allowed in strict mode.",
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided function with respect to "
    "input {} is independent of the input. This is not allowed in strict mode. You should ensure that your function is "
    "twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for "
    "example).",
    "hessian": "The hessian of the user-provided function with respect to input {} is independent of the input. This "
    "is not allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian "
    "depends on the inputs.",
}


def _demand_gradients(values: tuple, kind: str, strict: bool) -> None:
    """In strict mode every value must depend on the inputs."""
    if not strict:
        return
    for number, value in enumerate(values):
        if value is None:
            raise RuntimeError(
                f"The output of the user-provided function is independent of input {number}. This is not allowed in "
                "strict mode."
            )
        if not value.requires_grad:
            raise RuntimeError(_INDEPENDENT[kind].format(number))


def _grad(outputs: tuple, inputs: tuple, v=None, create_graph: bool = False, retain_graph=None) -> tuple:
    """grad() over the outputs that have a history; None where there is nothing."""
    weights = (None,) * len(outputs) if v is None else v
    pairs = [(out, w) for out, w in zip(outputs, weights) if out is not None and out.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    outs, weights = zip(*pairs)
    return grad(outs, inputs, weights, allow_unused=True, create_graph=create_graph, retain_graph=retain_graph)


_ABSENT = {
    "back": "The output of the user-provided function is independent of input {}. This is not allowed in strict mode.",
    "back_trick": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using "
    "the double backward trick to compute forward mode gradients. This is not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {}. This is not allowed in "
    "strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. "
    "This is not allowed in strict mode as it prevents from using the double backward trick to replace forward mode "
    "AD.",
}


def _filled(found: tuple, like: tuple, strict: bool, create_graph: bool, stage: str) -> tuple:
    """Gradients with zeros for what is absent, which strict mode refuses."""
    filled = []
    for number, (value, reference) in enumerate(zip(found, like)):
        if value is None:
            if strict:
                raise RuntimeError(_ABSENT[stage].format(number))
            value = _C.zeros_like(reference)
        elif strict and create_graph and not value.requires_grad:
            matrix = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {matrix} of the user-provided function is independent of input {number}. This is not allowed in "
                "strict mode when create_graph=True."
            )
        filled.append(value)
    return tuple(filled)


def _results(outputs: tuple, outputs_tuple: bool, found: tuple, found_tuple: bool, create_graph: bool) -> tuple:
    return (
        _unpacked(_finished(outputs, create_graph), outputs_tuple),
        _unpacked(_finished(found, create_graph), found_tuple),
    )


def vjp(func, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(inputs), v^T J) with J the Jacobian of func at the inputs; v looks like the outputs.

    v may be left out if there is one output of one element. `strict` refuses outputs that do not depend on an input;
    `create_graph` makes the result differentiable.
    """
    with enable_grad():
        inputs_tuple, inputs = _tensors(inputs, "inputs", "vjp")
        inputs = _prepared(inputs, create_graph, True)
        outputs_tuple, outputs = _tensors(func(*inputs), _OUTPUTS, "vjp")
        _demand_gradients(outputs, "outputs", strict)
        if v is not None:
            v = _checked_v(v, "vjp", create_graph, outputs, outputs_tuple)
        elif len(outputs) != 1 or outputs[0].nelement() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single "
                "element."
            )
    with set_grad_enabled(create_graph or _C.is_grad_enabled()):
        found = _grad(outputs, inputs, v, create_graph)
        found = _filled(found, inputs, strict, create_graph, "back")
    return _results(outputs, outputs_tuple, found, inputs_tuple, create_graph)


def jvp(func, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(inputs), J v) with J the Jacobian of func at the inputs; v looks like the inputs.

    Two backward passes give it: u^T J is linear in u, and its derivative by u in the direction of v is J v.
    """
    with enable_grad():
        inputs_tuple, inputs = _tensors(inputs, "inputs", "jvp")
        inputs = _prepared(inputs, create_graph, True)
        v = _input_vector(v, "jvp", create_graph, inputs, inputs_tuple, "the user-provided function")
        outputs_tuple, outputs = _tensors(func(*inputs), _OUTPUTS, "jvp")
        _demand_gradients(outputs, "outputs", strict)
        weights = tuple(_C.zeros_like(out, requires_grad=True) for out in outputs)
        products = _grad(outputs, inputs, weights, create_graph=True)
        _demand_gradients(products, "grad_inputs", strict)
    with set_grad_enabled(create_graph or _C.is_grad_enabled()):
        found = _grad(products, weights, v, create_graph)
        found = _filled(found, outputs, strict, create_graph, "back_trick")
    return _results(outputs, outputs_tuple, found, outputs_tuple, create_graph)


def _row(number: int, element, inputs: tuple, strict: bool, create_graph: bool) -> list:
    """The gradient of one element of output `number` by every input."""
    row = []
    found = _grad((element,), inputs, retain_graph=True, create_graph=create_graph)
    for which, (value, tensor) in enumerate(zip(found, inputs)):
        if value is None:
            if strict:
                raise RuntimeError(
                    f"Output {number} of the user-provided function is independent of input {which}. This is not "
                    "allowed in strict mode."
                )
            value = _C.zeros_like(tensor)
        elif strict and create_graph and not value.requires_grad:
            raise RuntimeError(
                f"The jacobian of the user-provided function is independent of input {number}. This is not allowed in "
                "strict mode when create_graph=True."
            )
        row.append(value)
    return row


def _check_strategy(create_graph: bool, strict: bool, vectorize: bool, strategy: str) -> None:
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "reverse-mode":
        return
    if create_graph:
        raise NotImplementedError(
            'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported '
            'together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
        )
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported '
            'together (yet). Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )


def jacobian(
    func,
    inputs,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
):
    """The matrix of derivatives: for output o and input i a tensor of shape o.shape + i.shape.

    One tensor for one output and one input, tuples (of tuples) where the function takes or gives tuples. Rows are
    computed one by one, by backward, whatever `vectorize` and `strategy` say: they are accepted where PyTorch does.
    """
    _check_strategy(create_graph, strict, vectorize, strategy)
    with enable_grad():
        inputs_tuple, inputs = _tensors(inputs, "inputs", "jacobian")
        inputs = _prepared(inputs, create_graph, True)
        outputs_tuple, outputs = _tensors(func(*inputs), _OUTPUTS, "jacobian")
        _demand_gradients(outputs, "outputs", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        matrix = []
        for number, out in enumerate(outputs):
            flat = out.reshape(-1)
            rows = [_row(number, flat[i], inputs, strict, create_graph) for i in range(out.nelement())]
            matrix.append(
                tuple(
                    _C.stack([row[i] for row in rows]).view(out.size() + tensor.size())
                    for i, tensor in enumerate(inputs)
                )
            )
        return _unpacked_matrix(_finished(tuple(matrix), create_graph), outputs_tuple, inputs_tuple)


def _one_number(outputs, outputs_tuple: bool, function: str) -> None:
    if outputs_tuple:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].nelement() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {function} should contain a single element")


def hessian(
    func,
    inputs,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
):
    """The matrix of second derivatives of a function with one number as result: one tensor of shape a.shape + b.shape
    for every pair of inputs."""
    inputs_tuple, inputs = _tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def number(*values):
        outputs_tuple, outputs = _tensors(func(*values), _OUTPUTS, "hessian")
        _demand_gradients(outputs, "outputs", strict)
        _one_number(outputs, outputs_tuple, "hessian")
        return outputs[0].squeeze()

    def gradient(*values):
        found = jacobian(number, values, create_graph=True)
        _demand_gradients(found, "jacobian", strict)
        return found

    found = jacobian(
        gradient,
        inputs,
        create_graph=create_graph,
        strict=strict,
        vectorize=vectorize,
        strategy=outer_jacobian_strategy,
    )
    return _unpacked_matrix(found, inputs_tuple, inputs_tuple)


def _first_derivative(func, inputs, v, function: str, create_graph: bool, strict: bool):
    """What both products with a Hessian begin with."""
    inputs_tuple, inputs = _tensors(inputs, "inputs", function)
    inputs = _prepared(inputs, create_graph, True)
    v = _input_vector(v, function, create_graph, inputs, inputs_tuple, "the user-provided function")
    outputs_tuple, outputs = _tensors(func(*inputs), _OUTPUTS, function)
    _demand_gradients(outputs, "outputs", strict)
    _one_number(outputs, outputs_tuple, function)
    gradient = _grad(outputs, inputs, create_graph=True)
    _demand_gradients(gradient, "jacobian", strict)
    return inputs_tuple, inputs, v, outputs, gradient


def vhp(func, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(inputs), v^T H) with H the Hessian of a function whose result is one number; v looks like the inputs."""
    with enable_grad():
        inputs_tuple, inputs, v, outputs, gradient = _first_derivative(func, inputs, v, "vhp", create_graph, strict)
    with set_grad_enabled(create_graph or _C.is_grad_enabled()):
        found = _grad(gradient, inputs, v, create_graph)
        found = _filled(found, inputs, strict, create_graph, "double_back")
    return _results(outputs, False, found, inputs_tuple, create_graph)


def hvp(func, inputs, v=None, create_graph: bool = False, strict: bool = False):
    """(func(inputs), H v), as vhp, but by three backward passes: vhp gives the same for twice continuous functions."""
    with enable_grad():
        inputs_tuple, inputs, v, outputs, gradient = _first_derivative(func, inputs, v, "hvp", create_graph, strict)
        weights = tuple(_C.zeros_like(tensor, requires_grad=True) for tensor in inputs)
        products = _grad(gradient, inputs, weights, create_graph=True)
        _demand_gradients(gradient, "hessian", strict)
    with set_grad_enabled(create_graph or _C.is_grad_enabled()):
        found = _grad(products, weights, v, create_graph)
        found = _filled(found, inputs, strict, create_graph, "double_back_trick")
    return _results(outputs, False, found, inputs_tuple, create_graph)
