"""`python -m gradus program.py args…` runs a program written for PyTorch with `torch` bound to Gradus."""

from __future__ import annotations

import sys

USAGE = """usage: python -m gradus program.py [arguments]
       python -m gradus -m module [arguments]
       python -m gradus -c code [arguments]

Runs a program written for PyTorch unchanged: `import torch` gives it Gradus."""


def _as_main(code, name: str, spec=None) -> None:
    """Executes code as the module __main__, which stays alive until the interpreter exits (pickle, atexit, threads)."""
    import types

    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=__builtins__, __file__=name, __spec__=spec)
    if spec is not None:
        main.__package__ = spec.parent
    sys.modules["__main__"] = main
    try:
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        # The program's own frames only, as if Python had been started on it.
        error.__traceback__ = error.__traceback__.tb_next
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def _run_file(path: str) -> None:
    import io
    import os

    try:
        with io.open_code(os.path.abspath(path)) as file:
            source = file.read()
    except OSError as error:
        sys.exit(f"python -m gradus: can't open file '{path}': [Errno {error.errno}] {error.strerror}")
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    try:
        code = compile(source, path, "exec")
    except SyntaxError as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
        sys.exit(1)
    _as_main(code, path)


def _run_module(name: str) -> None:
    import runpy

    try:
        _, spec, code = runpy._get_module_details(name, ImportError)
    except ImportError as error:
        sys.exit(f"python -m gradus: {error}")
    sys.argv[0] = spec.origin
    _as_main(code, spec.origin, spec)


def main(arguments: list[str]) -> None:
    """Runs the program named by the command line."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE)
        sys.exit(0 if arguments else 2)
    from gradus import _alias

    _alias.install()
    if arguments[0] in ("-m", "-c"):
        if len(arguments) < 2:
            sys.exit(f"python -m gradus: argument expected for the {arguments[0]} option")
        sys.argv[:] = [arguments[0], *arguments[2:]]
        if arguments[0] == "-m":
            _run_module(arguments[1])
        else:
            sys.path[0] = ""
            _as_main(compile(arguments[1], "<string>", "exec"), "<string>")
    else:
        sys.argv[:] = arguments
        _run_file(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
