"""The arrows between the packages, read from the imports themselves."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {
    "knowledge_base": set(),
    "assistant": {"knowledge_base"},
    "training": {"assistant", "knowledge_base"},
    "ui": {"training", "assistant", "knowledge_base"},
}
FILES = {path: path.relative_to(ROOT).as_posix() for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
READS_THE_CATALOG = ("lint", "retrain", "cli", "probes", "collect")
ONLY_THE_CONTRACT = ("dataset", "finetune", "lessons", "profile")


def imports(path: Path, at_import_time: bool = False) -> set[str]:
    """The modules that a file imports, by their full names; a name taken out of a package counts as both."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if at_import_time and (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or _for_types_only(node)):
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parent.parts
            above = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def _for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def packages_of(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names} & set(PACKAGES)


def test_all_four_packages_have_modules():
    assert {name.split("/")[0] for name in FILES.values()} == set(PACKAGES)


@pytest.mark.parametrize("path", FILES, ids=FILES.get)
def test_a_module_imports_only_packages_below_its_own(path):
    own = FILES[path].split("/")[0]
    assert packages_of(imports(path)) - {own} <= PACKAGES[own]


def test_of_training_only_lint_retraining_and_evaluation_read_the_knowledge_base():
    readers = {path.stem for path, name in FILES.items() if name.startswith("training/") and "knowledge_base" in packages_of(imports(path))}
    assert {stem for stem in readers if not stem.startswith(READS_THE_CATALOG)} == set()
    assert "lint" in readers


@pytest.mark.parametrize("module", ONLY_THE_CONTRACT)
def test_dataset_and_fine_tuning_know_of_the_assistant_only_the_contract_and_the_prompt(module):
    names = {name for name in imports(ROOT / "training" / f"{module}.py") if name in MODULES and name.startswith("assistant.")}
    assert names <= {
        "assistant.reply",
        "assistant.prompt",
        "assistant.errors",
        "assistant.lead_ins",
        "assistant.claims",
        "assistant.grounding",
        "assistant.chat_template",
    }


@pytest.mark.parametrize("path", FILES, ids=FILES.get)
def test_tests_are_imported_by_nothing_that_ships(path):
    assert {name for name in imports(path) if name.split(".")[0] == "tests"} == set()


@pytest.mark.parametrize("module", ["assistant.reply", "assistant.prompt", "assistant.errors"])
def test_the_contract_and_the_prompt_import_no_engine_and_no_pipeline(module):
    reached, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in MODULES and name not in reached:
            reached.add(name)
            waiting += imports(MODULES[name], at_import_time=True)
    assert reached <= {"assistant", "assistant.reply", "assistant.prompt", "assistant.errors", "knowledge_base", "knowledge_base.errors"}


def test_no_modules_import_each_other_in_a_circle():
    arrows = {
        name: {other for other in imports(path, at_import_time=True) if other in MODULES and other != name}
        for name, path in MODULES.items()
    }
    done: set[str] = set()

    def circle(name: str, trail: tuple[str, ...]) -> tuple[str, ...]:
        if name in trail:
            return (*trail[trail.index(name) :], name)
        if name in done:
            return ()
        for other in sorted(arrows[name]):
            if found := circle(other, (*trail, name)):
                return found
        done.add(name)
        return ()

    assert [found for name in sorted(arrows) if (found := circle(name, ()))] == []


def test_no_module_has_more_than_350_lines():
    lengths = {name: len(path.read_text("utf-8").splitlines()) for path, name in FILES.items()}
    assert {name: length for name, length in lengths.items() if length > 350} == {}


def test_no_module_is_called_utils_or_helpers():
    assert {path.stem for path in FILES} & {"utils", "util", "helpers", "common", "misc"} == set()
