"""Optimizer: groups of parameters with their options, the state of each parameter, and the formats of both."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from functools import wraps
from weakref import ref

from gradus import _C
from gradus._modes import enable_grad
from gradus._typename import typename
from gradus.nn.modules.module import zero_gradients
from gradus.utils.hooks import RemovableHandle


class _Required:
    """Marks an option without a default."""

    def __repr__(self):
        return "<required parameter>"


required = _Required()


def check_switches(name: str, foreach, differentiable: bool, fused, capturable: bool = False) -> None:
    """Refuses what Gradus does not compute; `foreach` and `fused` name PyTorch's ways to run the same rule."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotImplementedError(f"{name}: differentiable=True (backward through the update) is not in Gradus yet")
    if capturable:
        raise NotImplementedError(f"{name}: capturable=True is for CUDA graphs; Gradus computes on the CPU")


def as_number(value) -> float:
    """An option given as a number or as a tensor with one element."""
    return value.item() if isinstance(value, _C.Tensor) else value


class Optimizer:
    """Base class of all optimizers.

    `params` is an iterable of tensors, of (name, tensor) pairs, or of dicts with a key "params" and options of their
    own; `defaults` gives the options that a group leaves out. A subclass defines `step`.
    """

    def __init__(self, params, defaults: dict):
        self.defaults = defaults
        if isinstance(params, _C.Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + typename(params)
            )
        self.state = defaultdict(dict)
        self.param_groups: list[dict] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self.defaults.setdefault("differentiable", False)

    def __repr__(self):
        text = type(self).__name__ + " ("
        for number, group in enumerate(self.param_groups):
            options = [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
            text += f"\nParameter Group {number}\n" + "".join(options)
        return text + ")"

    # Hooks

    def _register(self, name: str, hook, prepend: bool = False) -> RemovableHandle:
        table = self.__dict__.setdefault(name, OrderedDict())
        handle = RemovableHandle(table)
        table[handle.id] = hook
        if prepend:
            table.move_to_end(handle.id, last=False)
        return handle

    def _hooks(self, name: str):
        table = self.__dict__.get(name)
        return tuple(table.values()) if table else ()

    def register_step_pre_hook(self, hook) -> RemovableHandle:
        """`hook(optimizer, args, kwargs)` runs before step and may return new (args, kwargs)."""
        self._watch_step()
        return self._register("_step_pre_hooks", hook)

    def register_step_post_hook(self, hook) -> RemovableHandle:
        """`hook(optimizer, args, kwargs)` runs after step."""
        self._watch_step()
        return self._register("_step_post_hooks", hook)

    def register_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """`hook(optimizer)` runs before state_dict."""
        return self._register("_state_dict_pre_hooks", hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """`hook(optimizer, state_dict)` may return another state dict."""
        return self._register("_state_dict_post_hooks", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """`hook(optimizer, state_dict)` may return another state dict to load."""
        return self._register("_load_state_dict_pre_hooks", hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend: bool = False) -> RemovableHandle:
        """`hook(optimizer)` runs after load_state_dict."""
        return self._register("_load_state_dict_post_hooks", hook, prepend)

    def _watch_step(self) -> None:
        """From now on step runs hooks, and leaves word for schedulers that it was called."""
        if "step" not in self.__dict__:
            me = ref(self)  # no cycle

            @wraps(type(self).step)
            def step(*args, **kwargs):
                return me()._step_with_hooks(*args, **kwargs)

            step._wrapped_by_lr_sched = True
            self.__dict__["step"] = step

    def _step_with_hooks(self, *args, **kwargs):
        step = type(self).step
        self._opt_called = True
        args = (self, *args)
        for hook in self._hooks("_step_pre_hooks"):
            result = hook(self, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
        out = step(*args, **kwargs)
        for hook in self._hooks("_step_post_hooks"):
            hook(self, args, kwargs)
        return out

    # State dicts

    def state_dict(self) -> dict:
        """The state by parameter number and the groups with parameter numbers in place of the parameters."""
        for hook in self._hooks("_state_dict_pre_hooks"):
            hook(self)
        numbers: dict[int, int] = {}
        start = 0
        groups = []
        for group in self.param_groups:
            for number, param in enumerate(group["params"], start):
                numbers.setdefault(id(param), number)
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            start += len(packed["params"])
            groups.append(packed)
        state = {(numbers[id(key)] if isinstance(key, _C.Tensor) else key): value for key, value in self.state.items()}
        result = {"state": state, "param_groups": groups}
        for hook in self._hooks("_state_dict_post_hooks"):
            replacement = hook(self, result)
            result = result if replacement is None else replacement
        return result

    def load_state_dict(self, state_dict: dict) -> None:
        """Restores what state_dict returned; floating point state takes the parameter's dtype, `step` its own."""
        from copy import deepcopy

        state_dict = state_dict.copy()
        for hook in self._hooks("_load_state_dict_pre_hooks"):
            replacement = hook(self, state_dict)
            state_dict = state_dict if replacement is None else replacement
        saved_groups = deepcopy(state_dict["param_groups"])
        if len(saved_groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        params = {}
        for group, saved in zip(self.param_groups, saved_groups):
            if len(group["params"]) != len(saved["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
                )
            params.update(zip(saved["params"], group["params"]))
        state = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = _like_parameter(params[key], value)
            else:
                state[key] = value
        for group, saved in zip(self.param_groups, saved_groups):
            saved["params"] = group["params"]
            if "param_names" in group:
                saved.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for hook in self._hooks("_load_state_dict_post_hooks"):
            hook(self)

    # Use

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drops the gradients of all parameters, or fills them with zeros."""
        for group in self.param_groups:
            if not set_to_none:
                zero_gradients(group["params"])
                continue
            for param in group["params"]:
                param.grad = None

    def step(self, closure=None):
        """Override: one update. A closure recomputes the loss, whose value is returned."""
        raise NotImplementedError

    def add_param_group(self, param_group: dict) -> None:
        """Adds parameters with options of their own; what is left out comes from the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        self._take_params(param_group)
        for param in param_group["params"]:
            if not isinstance(param, _C.Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + typename(param))
            if not self.defaults.get("differentiable") and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        params = param_group["params"]
        if len(params) != len(set(params)):
            import warnings

            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        for group in self.param_groups:
            if ("param_names" in param_group) != ("param_names" in group):
                with_names = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {with_names} to the optimizer"
                )
        known = {param for group in self.param_groups for param in group["params"]}
        if not known.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    @staticmethod
    def _take_params(group: dict) -> None:
        """Makes "params" a list of tensors; names given in pairs go to "param_names"."""
        params = group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, _C.Tensor) else list(params)
        names = [param[0] for param in params if isinstance(param, tuple)]
        group["params"] = [param[1] if isinstance(param, tuple) else param for param in params]
        if names:
            if len(names) != len(params):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            group["param_names"] = names


def _like_parameter(param, value, key=None):
    """Copies a saved value for a parameter: floating point tensors get its dtype, all but `step`."""
    if isinstance(value, _C.Tensor):
        if key == "step" or not param.is_floating_point():
            return value
        return value.to(dtype=param.dtype, device=param.device)
    if isinstance(value, dict):
        return {name: _like_parameter(param, item, name) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(_like_parameter(param, item) for item in value)
    return value


def loss_of(closure):
    """Calls a step's closure with gradients on; None without one."""
    if closure is None:
        return None
    with enable_grad():
        return closure()
