"""``make engine``: the compiled model lowered to WebAssembly.

Numba has the LLVM of each compiled function; llvmlite emits it for wasm32, and the linker of the package
``ziglang``, which only this needs, adds exp, log, pow and a few others.
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
from llvmlite import ir
from numba.core import cgutils, compiler_lock, registry
from numba.np import arrayobj

from conf.schema import compose_run
from experiments.engine.functions import Function
from experiments.engine.module import MODULE, RECORD, engine_functions, sources
from experiments.sweeping.code import digest

TARGET = "wasm32-unknown-wasi"
DATA_LAYOUT = "e-m:e-p:32:32-p10:8:8-p20:8:8-i64:64-i128:128-n32:64-S128-ni:1:10:20"
FEATURES = "+simd128,+bulk-memory,+nontrapping-fptoint,+sign-ext,+mutable-globals"
# Numba's own, of no known type.
types: Any = numba.types
conditions: Any = cgutils
arrays: Any = arrayobj
NUMBER, SHAPE = ir.DoubleType(), ir.IntType(32)


def main() -> int:
    """Write the module, and beside it the digest of what it follows from."""
    run = compose_run()
    functions = engine_functions(run)
    names = [function.name for function in functions]
    MODULE.write_bytes(link(emit(lower(functions), names), names))
    made_with = {name: metadata.version(name) for name in ("numba", "llvmlite", "ziglang")}
    record = {"sources": digest(sources(run)), "made_with": made_with}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    print(f"{MODULE.name}: {MODULE.stat().st_size:,} bytes")
    return 0


def lower(functions: list[Function]) -> str:
    """Return the LLVM of the functions, each under its name with plain arguments.

    An array is its address and its shape (32 bits each), row by row without gaps; a number is a double. The
    result is a double: NaN where the function failed, 0 where it returns nothing.
    """
    target: Any = registry.cpu_target.target_context
    library = target.codegen().create_library("engine")
    module = library.create_ir_module("engine")
    with compiler_lock.global_compiler_lock:
        for function in functions:
            kinds = tuple(map(numba.typeof, function.sample))
            function.compiled.compile(kinds)
            compiled = function.compiled.overloads[kinds]
            library.add_linking_library(compiled.library)
            _export(target, module, function.name, compiled.fndesc, kinds)
        library.add_ir_module(module)
        library.finalize()
    return str(library.get_llvm_str())


def _export(target: Any, module: Any, name: str, description: Any, kinds: tuple[Any, ...]) -> None:
    plain = [kind for one in kinds for kind in _plain(one)]
    entry = ir.Function(module, ir.FunctionType(NUMBER, plain), f"lrrc_{name}")
    builder = ir.IRBuilder(entry.append_basic_block())
    words = iter(entry.args)
    values = [_value(target, builder, one, words) for one in kinds]
    callee = target.declare_function(module, description)
    status, result = target.call_conv.call_function(
        builder, callee, description.restype, description.argtypes, values
    )
    with conditions.if_unlikely(builder, status.is_error):
        builder.ret(ir.Constant(NUMBER, float("nan")))
    if isinstance(description.restype, types.Integer):
        builder.ret(builder.sitofp(result, NUMBER))
    else:
        builder.ret(ir.Constant(NUMBER, 0.0))


def _plain(kind: Any) -> list[Any]:
    """Return what an argument of a Numba type is passed as."""
    if isinstance(kind, types.BaseTuple):
        return [one for part in kind.types for one in _plain(part)]
    if isinstance(kind, types.Array):
        assert kind.layout == "C"
        return [ir.IntType(8).as_pointer(), *[SHAPE] * kind.ndim]
    return [NUMBER]


def _value(target: Any, builder: Any, kind: Any, words: Any) -> Any:
    """Return an argument as Numba has it."""
    if isinstance(kind, types.BaseTuple):
        return target.make_tuple(builder, kind, [_value(target, builder, part, words) for part in kind.types])
    if isinstance(kind, types.Array):
        array = arrays.make_array(kind)(target, builder)
        whole = target.get_value_type(types.intp)
        data = builder.bitcast(next(words), array.data.type)
        shape = [builder.zext(next(words), whole) for _ in range(kind.ndim)]
        item = whole(target.get_abi_sizeof(target.get_data_type(kind.dtype)))
        strides: list[Any] = []
        step = item
        for length in reversed(shape):
            strides.insert(0, step)
            step = builder.mul(step, length)
        arrays.populate_array(array, data, shape, strides, item, None)
        return array._getvalue()
    number = next(words)
    if isinstance(kind, types.Integer):
        return builder.fptosi(number, target.get_value_type(kind))
    return number


def emit(text: str, names: list[str]) -> bytes:
    """Return the object file for wasm32 of the functions of these names."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    text = re.sub(r"^target datalayout = .*$", f'target datalayout = "{DATA_LAYOUT}"', text, flags=re.M)
    text = re.sub(r"^target triple = .*$", f'target triple = "{TARGET}"', text, flags=re.M)
    # Only the functions exported are seen from outside, and what none of them calls is left out.
    module = llvm.parse_assembly(text)
    exported = {f"lrrc_{name}" for name in names}
    for part in (*module.functions, *module.global_variables):
        if not part.is_declaration and part.name not in exported:
            part.linkage = "internal"
    machine = llvm.Target.from_triple(TARGET).create_target_machine(opt=3, reloc="static", features=FEATURES)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)
    module.verify()
    return bytes(machine.emit_object(module))


def link(compiled: bytes, names: list[str]) -> bytes:
    """Return the module that exports the functions of these names, its memory, and where it is free."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "engine.o").write_bytes(compiled)
        subprocess.run(
            [
                *(sys.executable, "-m", "ziglang", "cc", "-target", "wasm32-wasi", "-mexec-model=reactor"),
                *(f"-Wl,--export=lrrc_{name}" for name in names),
                *("-Wl,--export=__heap_base", "-O2", "-s", "engine.o", "-o", "engine.wasm"),
            ],
            cwd=here,
            check=True,
        )
        return (here / "engine.wasm").read_bytes()


if __name__ == "__main__":
    sys.exit(main())
