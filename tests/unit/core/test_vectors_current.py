"""The committed vectors are what their generator writes."""

import importlib.util

import pytest

from vectors.reading import HERE


def _generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate_vectors", HERE / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.files()


GENERATED = _generated()


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_committed_vectors_equal_the_generated_ones(name: str) -> None:
    assert (HERE / name).read_text(encoding="utf-8") == GENERATED[name]


def test_no_vectors_without_a_generator() -> None:
    assert {path.name for path in HERE.glob("*.json")} == set(GENERATED)


def test_the_generator_does_not_use_the_package() -> None:
    names = ("generate", "reference", "attacks", "cell_cases", "facts_cases", "figure_cases", "samples")
    for name in (f"{one}.py" for one in names):
        assert "creditchain." not in (HERE / name).read_text(encoding="utf-8")
