"""Handles by which registered hooks are removed."""

from __future__ import annotations

import weakref
from itertools import count

from gradus import _C

_ids = count()


class RemovableHandle:
    """Returned by every register_*_hook; `remove()` (or leaving a `with` block) takes the hook out again."""

    def __init__(self, hooks, *, extra_dict=None):
        self.id = next(_ids)
        extras = extra_dict if isinstance(extra_dict, (list, tuple)) else [extra_dict] if extra_dict is not None else []
        self._tables = [weakref.ref(table) for table in (hooks, *extras)]

    def remove(self) -> None:
        for table in (reference() for reference in self._tables):
            if table is not None:
                table.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc_info) -> None:
        self.remove()


class TensorHookHandle(RemovableHandle):
    """Returned for hooks of tensors and nodes; `remove()` (or leaving a `with` block) takes the hook out again."""

    def __init__(self, id: int):
        self.id = id

    def remove(self) -> None:
        _C._remove_hook(self.id)


class BackwardHook:
    """Ties the hooks of one call of a module to the gradients of its inputs and outputs.

    Inputs and outputs pass through a function that does nothing; hooks on its nodes collect the gradients.
    """

    def __init__(self, module, user_hooks, user_pre_hooks):
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs = None  # between the gradients of the outputs and those of the inputs
        self.input_numbers: list[int] | None = None  # which arguments are tensors; None if no gradient is wanted
        self.output_numbers: list[int] | None = None
        self.n_inputs = self.n_outputs = -1

    def setup_input_hook(self, args):
        """The arguments that forward shall get."""
        self.n_inputs = len(args)
        args, self.input_numbers = _pass_through(args, self._on_inputs)
        return args

    def setup_output_hook(self, result):
        """The result that the caller shall get."""
        results = result if isinstance(result, tuple) else (result,)
        self.n_outputs = len(results)
        results, self.output_numbers = _pass_through(results, self._on_outputs)
        return results if isinstance(result, tuple) else results[0]

    def _on_inputs(self, grad_inputs, _):
        if self.grad_outputs is None:
            return None  # the gradient came by another way than through the outputs
        grads = _spread(self.input_numbers, grad_inputs, self.n_inputs)
        for hook in self.user_hooks:
            found = hook(self.module, grads, self.grad_outputs)
            if found is None:
                continue
            if len(found) != len(grads):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(found)}, but expected "
                    f"{len(grads)}"
                )
            grads = found
        self.grad_outputs = None
        return tuple(grads[number] for number in self.input_numbers)

    def _on_outputs(self, _, grad_outputs):
        grads = _spread(self.output_numbers, grad_outputs, self.n_outputs)
        for hook in self.user_pre_hooks:
            found = hook(self.module, grads)
            if found is None:
                continue
            if len(found) != self.n_outputs:
                raise RuntimeError(
                    f"Backward pre hook returned an invalid number of grad_output, got {len(found)}, but expected "
                    f"{self.n_outputs}"
                )
            grads = found
        if self.input_numbers is None:
            self._without_inputs(grads)
        else:
            self.grad_outputs = grads
        return tuple(grads[number] for number in self.output_numbers)

    def _without_inputs(self, grads) -> None:
        """No input wants a gradient: the hooks run now."""
        import warnings

        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
            "require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#"
            "torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=5,
        )
        for hook in self.user_hooks:
            found = hook(self.module, (None,) * self.n_inputs, grads)
            if found is not None and not (isinstance(found, tuple) and all(value is None for value in found)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for "
                    "all gradients."
                )


def _spread(numbers, values, size: int) -> tuple:
    """Values at their places among `size`; None elsewhere."""
    found = [None] * size
    for number, value in zip(numbers, values, strict=True):
        found[number] = value
    return tuple(found)


def _pass_through(values, hook):
    """Values with their tensors on a node that has the hook, and the places of the tensors."""
    from gradus.nn.modules._functions import BackwardHookFunction

    numbers = [number for number, value in enumerate(values) if isinstance(value, _C.Tensor)]
    if not _C.is_grad_enabled() or not any(values[number].requires_grad for number in numbers):
        return values, None
    passed = BackwardHookFunction.apply(*(values[number] for number in numbers))
    next(tensor.grad_fn for tensor in passed if tensor.grad_fn is not None).register_hook(hook)
    made = list(values)
    for number, tensor in zip(numbers, passed, strict=True):
        made[number] = tensor
    return (tuple(made) if type(values) is tuple else type(values)(*made)), numbers
