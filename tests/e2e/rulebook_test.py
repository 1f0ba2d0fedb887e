"""Every rule of the rulebook is held to by a test that names it; this file counts them.

The rules are those that the program lists (`geleit rules`), each with value and source (calculator_test.py).
What names a rule is a line of tests/examples, a Python test (its docstring and cases included) or a C++ test;
tests about the files that ship name rules only as lines of them and count for none."""

import ast
import re
from collections import Counter

from program import ROOT, geleit_json
from worked_examples import all_examples

ABOUT_THE_FILE = {"rule_set_test.cc", "rule_difference_test.cc", "alert_policy_test.cc", "rulebook_test.py"}

# Rules by which the program does nothing yet. Whoever builds one takes it out here and names it in a test.
AT_WORK_FROM: dict[str, str] = {}


def rules() -> list[str]:
    listed = [entry["rule"] for rule_set in geleit_json("rules", "--json") for entry in rule_set["rules"]]
    return list(dict.fromkeys(listed))


def python_tests(text: str) -> list[str]:
    """The source of every test of the file, decorators included."""
    lines, found = text.splitlines(), []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min(part.lineno for part in [*node.decorator_list, node])
            found.append("\n".join(lines[first - 1 : node.end_lineno]))
    return found


def cpp_tests(text: str) -> list[str]:
    """The source of every test of the file: from its TEST to the brace that ends it."""
    return re.findall(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP)\(.*?^}", text, re.M | re.S)


def by_file() -> dict[str, list[str]]:
    found = {
        path.name: python_tests(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "tests/e2e").glob("*_test.py"))
    }
    for folder in ("unit", "contract", "replay", "simulation"):
        for path in sorted((ROOT / "tests" / folder).glob("*_test.cc")):
            found[path.name] = cpp_tests(path.read_text(encoding="utf-8"))
    for example in all_examples():
        found.setdefault(example.place.split(":")[0], []).append(example.rule)
    return found


def named_in(test: str) -> set[str]:
    """The rule ids in a test's text, as people write them or as C++ does."""
    written = re.findall(r"(?<![\w-])[A-Z]{2,3}(?:-[A-Z]+)+(?![\w-])", test)
    in_cpp = re.findall(r"\bRule::(\w+)", test)
    return {*written, *(word.upper().replace("_", "-") for word in in_cpp)}


def test_every_rule_has_a_test_that_names_it():
    """every row of RULES.md has a test that names it (a test counts them)"""
    tests = [test for name, found in by_file().items() if name not in ABOUT_THE_FILE for test in found]
    named = Counter(rule for test in tests for rule in named_in(test))
    count = {rule: named[rule] for rule in rules()}
    assert len(count) == 52
    unnamed = {rule for rule, number in count.items() if number == 0}
    assert unnamed == set(AT_WORK_FROM), count


def test_what_is_not_at_work_is_not_claimed():
    """A rule by which nothing is done is one of the rulebook, and says from when it will be."""
    assert set(AT_WORK_FROM) <= set(rules()) and all(AT_WORK_FROM.values())


def test_a_rule_is_not_found_within_another():
    assert named_in('why="ST-TRIAL-COUNTS"; Rule::st_trial_counts') == {"ST-TRIAL-COUNTS"}
    assert named_in("(Rule::st_trial)") == named_in("ST-TRIAL: at most") == {"ST-TRIAL"}
