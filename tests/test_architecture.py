"""The architecture, read from the imports: who may import whom, and what must load quickly."""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

from helpers import ROOT

# No module imports one of a package further down. "genre" is genre/__init__.py, the Python API.
ORDER = (
    *(
        "genre.errors",
        "genre.version",
        "genre.files",
        "genre.environment",
        "genre.onnx_session",
        "genre.executor",
        "genre.audio",
    ),
    *("genre.features", "genre.songs", "genre.segments", "genre.splits", "genre.networks"),
    *("genre.classifiers", "genre.training", "genre.evaluation", "genre.model"),
    *("genre.reporting", "genre.experiments", "genre.collection", "genre.explore"),
    *("genre", "genre.cli", "genre.demo"),
)
SCRIPTS = tuple(sorted(path.stem for path in ROOT.glob("*.py") if path.stem != "config"))
# What takes long to load, and must not delay --help.
HEAVY = frozenset(
    {"av", "dask", "distributed", "keras", "librosa", "matplotlib", "numba"}
    | {"onnx", "onnxruntime", "sklearn", "skops", "tensorflow", "tf2onnx"}
)


class Import(NamedTuple):
    module: str
    at_top: bool  # runs when the importing module is loaded


def path_of(module: str) -> Path | None:
    """Return the file of a module of the project, None for those of other packages."""
    path = ROOT.joinpath(*module.split("."))
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def modules_in(*folders: str) -> list[str]:
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(path_of(module).read_text(encoding="utf-8"))


def nodes(node: ast.AST, at_top: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Yield all nodes below one, and whether they run when the module is loaded."""
    for child in ast.iter_child_nodes(node):
        yield child, at_top
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from nodes(child, at_top and not inside)


@cache
def imports(module: str) -> frozenset[Import]:
    """Return what a module of the project imports, `from package import module` as the module."""
    found = set()
    for node, at_top in nodes(tree_of(module)):
        if isinstance(node, ast.Import):
            found |= {Import(name.name, at_top) for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            for name in node.names:
                longer = f"{node.module}.{name.name}"
                found.add(Import(longer if path_of(longer) else node.module, at_top))
    return frozenset(found)


LIBRARY = modules_in("genre")
ALL = [*LIBRARY, *SCRIPTS, "config", *modules_in("benchmarks", "tests")]


def package_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def heavy_modules_loaded_with(module: str) -> set[str]:
    """Return what is slow of all that is loaded with a module of the project."""
    waiting, loaded = [module], set()
    while waiting:
        name = waiting.pop()
        if name in loaded:
            continue
        loaded.add(name)
        if path_of(name):
            parents = [name.rsplit(".", 1)[0]] if "." in name else []
            waiting += parents + [found.module for found in imports(name) if found.at_top]
    return {name.split(".")[0] for name in loaded} & HEAVY


def quoted_types(module: str) -> list[int]:
    """Return the lines of annotations that are text, and so hide an import."""
    lines = []
    for node, _ in nodes(tree_of(module)):
        annotations = (getattr(node, "annotation", None), getattr(node, "returns", None))
        for annotation in annotations:
            if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
                lines.append(node.lineno)
    return lines


def test_every_package_has_its_place():
    assert {package_of(module) for module in LIBRARY} <= set(ORDER)


def test_no_module_imports_one_of_a_later_package():
    places = {package: place for place, package in enumerate(ORDER)}
    wrong = [
        f"{module} imports {found.module}"
        for module in LIBRARY
        for found in imports(module)
        if found.module.split(".")[0] == "genre"
        and places.get(package_of(found.module), 0) > places.get(package_of(module), 0)
    ]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {module: {found.module for found in imports(module)} - {module} for module in LIBRARY}
    TopologicalSorter(graph).prepare()  # raises CycleError


def test_nothing_imports_a_script_except_for_its_basic_network():
    closed = {*SCRIPTS, "benchmarks", "tests"}
    wrong = [
        f"{module} imports {found.module}"
        for module in [*LIBRARY, *SCRIPTS, "config"]
        for found in imports(module)
        if found.module.split(".")[0] in closed
        and not (module == "compare" and found.module in ("mlp", "cnn", "lstm"))
    ]
    assert wrong == []


def test_the_library_does_not_read_config():
    readers = {
        module for module in LIBRARY for found in imports(module) if found.module == "config"
    }
    assert {package_of(module) for module in readers} <= {"genre.cli", "genre.demo"}


def test_help_loads_nothing_heavy():
    modules = [*SCRIPTS, "genre.demo.__main__"]
    loaded = {module: heavy_modules_loaded_with(module) for module in modules}
    assert {module: slow for module, slow in loaded.items() if slow} == {}


def test_packages_are_light():
    packages = [module for module in LIBRARY if path_of(module).name == "__init__.py"]
    loaded = {package: heavy_modules_loaded_with(package) for package in packages}
    assert {package: slow for package, slow in loaded.items() if slow} == {}


def test_imports_and_types_are_plain():
    names = {module: {found.module for found in imports(module)} for module in ALL}
    assert [module for module in ALL if "lazy_loader" in names[module]] == []
    assert [module for module in ALL if "TYPE_CHECKING" in ast.unparse(tree_of(module))] == [
        "tests.test_architecture"
    ]
    assert {module: quoted_types(module) for module in ALL if quoted_types(module)} == {}


def test_only_scripts_and_cli_know_of_a_command_line():
    wrong = []
    for module in LIBRARY:
        if package_of(module) in ("genre.cli", "genre.demo"):
            continue
        calls = [node.func for node, _ in nodes(tree_of(module)) if isinstance(node, ast.Call)]
        if "print" in {getattr(function, "id", "") for function in calls}:
            wrong.append(f"{module} prints")
        if "argparse" in {found.module for found in imports(module)}:
            wrong.append(f"{module} imports argparse")
    assert wrong == []


def test_files_beside_the_code_are_installed_with_it():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = content["tool"]["setuptools"]["package-data"]
    folders = [
        path for path in (ROOT / "genre").rglob("*") if path.is_dir() and any(path.iterdir())
    ]
    apart = [it for it in folders if it.name != "__pycache__" and not (it / "__init__.py").exists()]
    assert apart
    for folder in apart:
        package = ".".join(folder.parent.relative_to(ROOT).parts)
        assert f"{folder.name}/*" in listed[package]
