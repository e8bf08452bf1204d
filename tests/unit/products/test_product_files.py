"""Wrong product files, each named by its defect: one error that names file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.catalogue.products import load_product
from creditchain.products import ProductFileError

RECORD = """\
name = "heat-usage"
version = 1
number = 1001
kind = "record"
title = { zh = "用热信息", en = "Heat usage" }
subjects = ["USCC"]
sections = ["operating"]
domains = ["utilities"]
purposes = ["loan_application", "self_query"]
consent = { required = true, basis = "own data" }

[retention]
operating = { years = 3, from = "as_of" }

[schema]
type = "object"
additionalProperties = false
required = ["month"]

[schema.properties]
month = { type = "string", pattern = "^[0-9]{4}-[0-9]{2}$" }
heat_gj = { type = "integer", minimum = 0 }
paid_on = { type = "string", format = "date" }
class = { "$ref" = "#/$defs/class" }

[schema.properties.meters]
type = "array"
maxItems = 9
items = { type = "string", maxLength = 20 }

[schema."$defs"]
class = { type = "string", enum = ["a", "b"] }
"""
REPORT = """\
name = "heat-report"
version = 1
number = 1001
kind = "report"
title = { zh = "用热报告", en = "Heat report" }
subjects = ["USCC"]
sections = ["report"]
domains = ["derived"]
combines = ["power-usage/1"]
purposes = ["loan_application"]
consent = { required = true, basis = "own data" }

[retention]
report = "unlimited"

[schema]
type = "object"
additionalProperties = false

[schema.properties]
score = { type = "integer" }
"""

#: Figures of the report, and the properties that show them.
FIGURES = """
[schema.properties.usage]
type = "object"
additionalProperties = false

[schema.properties.usage.properties]
kwh = { type = "integer", minimum = 0 }
change = { type = "string", pattern = "^-?[0-9]{1,3}\\\\.[0-9]{2}$" }
category = { type = "string", enum = ["industrial", "large_industrial", "commercial", "agricultural"] }

[figures]
"usage.kwh" = { from = "power-usage/1", take = "sum", of = "usage_kwh" }
"usage.change" = { add = { "usage.kwh" = 1 }, digits = 2 }
"usage.category" = { from = "power-usage/1", take = "latest", of = "category" }
score = { on = "usage.kwh", steps = [[0, 1]] }
"""

# defect: text replaced, its replacement, the line and the field that the error names
RECORD_DEFECTS: dict[str, tuple[str, str, int | None, str | None]] = {
    "not toml": ('version = 1', "version = ", 2, None),
    "key twice": ("version = 1", "version = 1\nversion = 2", 3, None),
    "key unknown": ("version = 1", "version = 1\nowner = 1", 3, "owner"),
    "key missing": ("version = 1\n", "", None, "version"),
    "name with capitals": ('"heat-usage"', '"Heat-usage"', 1, "name"),
    "name too long": ('"heat-usage"', '"' + "a" * 57 + '"', 1, "name"),
    "name of another type": ('"heat-usage"', "7", 1, "name"),
    "version zero": ("version = 1", "version = 0", 2, "version"),
    "version true": ("version = 1", "version = true", 2, "version"),
    "version with a fraction": ("version = 1", "version = 1.0", 2, "version"),
    "number missing": ("number = 1001\n", "", None, "number"),
    "number zero": ("number = 1001", "number = 0", 3, "number"),
    "number of five bytes": ("number = 1001", "number = 4294967296", 3, "number"),
    "number true": ("number = 1001", "number = true", 3, "number"),
    "number a text": ("number = 1001", 'number = "1001"', 3, "number"),
    "a date": ("version = 1", "version = 2024-01-01", 2, "version"),
    "kind unknown": ('"record"', '"dataset"', 4, "kind"),
    "title without chinese": ('zh = "用热信息", ', "", 5, "title.zh"),
    "title empty": ('"用热信息"', '" "', 5, "title.zh"),
    "scheme unknown": ('["USCC"]', '["DUNS"]', 6, "subjects"),
    "section unknown": ('["operating"]', '["heating"]', 7, "sections"),
    "section of reports": ('["operating"]', '["report"]', 7, "sections"),
    "sections empty": ('["operating"]', "[]", 7, "sections"),
    "section twice": ('["operating"]', '["operating", "operating"]', 7, "sections"),
    "sections not a list": ('["operating"]', '"operating"', 7, "sections"),
    "domain unknown": ('["utilities"]', '["heat"]', 8, "domains"),
    "purpose unknown": ('"self_query"]', '"curiosity"]', 9, "purposes"),
    "credit without consent": (
        'domains = ["utilities"]\npurposes = ["loan_application", "self_query"]\nconsent = { required = true',
        'domains = ["credit"]\npurposes = ["loan_application", "self_query"]\nconsent = { required = false',
        10,
        "consent.required",
    ),
    "consent a text": ("required = true", 'required = "yes"', 10, "consent.required"),
    "consent without basis": (', basis = "own data"', "", 10, "consent.basis"),
    "retention of a section it lacks": ('operating = { years', 'warning = { years', 13, "retention.warning"),
    "retention missing": ('operating = { years = 3, from = "as_of" }\n', "", 12, "retention.operating"),
    "retention for ever": ("years = 3", "years = 101", 13, "retention.operating.years"),
    "retention from a field it lacks": ('"as_of"', '"data.ended_on"', 13, "retention.operating.from"),
    "retention from no date": ('"as_of"', '"data.month"', 13, "retention.operating.from"),
    "retention unknown word": ('{ years = 3, from = "as_of" }', '"forever"', 13, "retention.operating"),
    "combines in a record": ("version = 1", 'version = 1\ncombines = ["tax-payment/1"]', 3, "combines"),
    "schema not of an object": ('type = "object"\nadd', 'type = "array"\nadd', 15, "schema"),
    "schema open": ("Properties = false", "Properties = true", 17, "schema.additionalProperties"),
    "required unknown": ('["month"]', '["months"]', 18, "schema.required"),
    "float type": ('"integer", minimum = 0', '"number"', 22, "schema.properties.heat_gj.type"),
    "float limit": ("minimum = 0", "minimum = 0.5", 22, "schema.properties.heat_gj.minimum"),
    "no type": ('type = "integer", minimum = 0', "minimum = 0", 22, "schema.properties.heat_gj.type"),
    "two types": ('"integer", minimum = 0', '["integer", "string"]', 22, "schema.properties.heat_gj.type"),
    "null": ('"integer", minimum = 0', '"null"', 22, "schema.properties.heat_gj.type"),
    "keyword misspelt": ("minimum = 0", "minumum = 0", 22, "schema.properties.heat_gj.minumum"),
    "keyword of another type": ("minimum = 0", "maxLength = 4", 22, "schema.properties.heat_gj.maxLength"),
    "enum of another type": ("minimum = 0", 'enum = ["1"]', 22, "schema.properties.heat_gj"),
    "enum of truth values": ("minimum = 0", "enum = [true]", 22, "schema.properties.heat_gj"),
    "enum value twice": ("minimum = 0", "enum = [1, 1]", 22, "schema.properties.heat_gj.enum"),
    "nothing fits": ("minimum = 0", "minimum = 9, maximum = 8", 22, "schema.properties.heat_gj.minimum"),
    "step of zero": ("minimum = 0", "multipleOf = 0", 22, "schema.properties.heat_gj.multipleOf"),
    "pattern open at an end": ("^[0-9]{4}-[0-9]{2}$", "^[0-9]{4}", 21, "schema.properties.month.pattern"),
    "pattern broken": ("^[0-9]{4}-[0-9]{2}$", "^[0-9$", 21, "schema.properties.month.pattern"),
    "pattern that looks back": ("^[0-9]{4}-[0-9]{2}$", "^(a)\\\\1$", 21, "schema.properties.month.pattern"),
    "pattern that looks ahead": ("^[0-9]{4}-[0-9]{2}$", "^(?=a)a$", 21, "schema.properties.month.pattern"),
    "format unknown": ('format = "date"', 'format = "email"', 23, "schema.properties.paid_on.format"),
    "text without a bound": (', format = "date"', "", 23, "schema.properties.paid_on"),
    "array without a bound": ("maxItems = 9\n", "", 26, "schema.properties.meters.maxItems"),
    "array of nothing": ("items = { type", "contains = { type", 29, "schema.properties.meters.contains"),
    "items with fractions": ('"string", maxLength = 20', '"number"', 29, "schema.properties.meters.items.type"),
    "reference to nothing": ("#/$defs/class", "#/$defs/grade", 24, "schema.properties.class.$ref"),
    "reference to the network": ("#/$defs/class", "https://example.org/a", 24, "schema.properties.class.$ref"),
    "reference with more": ('#/$defs/class"', '#/$defs/class", maxLength = 2', 24, "schema.properties.class.maxLength"),
    "definition of itself": (
        'type = "string", enum = ["a", "b"]',
        '"$ref" = "#/$defs/class"',
        32,
        "schema.$defs.class",
    ),
    "choice of nothing": ('"$ref" = "#/$defs/class"', "oneOf = []", 24, "schema.properties.class.oneOf"),
    "choice with fractions": (
        '"$ref" = "#/$defs/class"',
        'oneOf = [{ type = "number" }]',
        24,
        "schema.properties.class.oneOf.0.type",
    ),
}  # fmt: skip
REPORT_DEFECTS: dict[str, tuple[str, str, int | None, str | None]] = {
    "section of records": ('["report"]', '["basic"]', 7, "sections"),
    "reference to no product": ('"power-usage/1"', '"power-usage/9"', 9, "combines"),
    "reference without a version": ('"power-usage/1"', '"power-usage"', 9, "combines"),
    "report of a report": ('"power-usage/1"', '"risk-report/1"', 9, "combines"),
    "report of itself": ('"power-usage/1"', '"heat-report/1"', 9, "combines"),
    "records about others": ('["USCC"]', '["TWUBN"]', 9, "combines"),
    "combines missing": ('combines = ["power-usage/1"]\n', "", None, "combines"),
    "purpose the records are not for": ('["loan_application"]', '["insurance_underwriting"]', 10, "purposes"),
    "less consent than its records": ("required = true", "required = false", 11, "consent.required"),
    "field that every report has": ("score =", "records =", 21, "schema.properties.records"),
}
FIGURE_DEFECTS: dict[str, tuple[str, str, int | None, str | None]] = {
    "a product that it does not combine": (
        'kwh" = { from = "power-usage/1"', 'kwh" = { from = "ip-right/1"', 33, "figures.usage.kwh.from"
    ),
    "an unknown field": ('of = "usage_kwh"', 'of = "usage"', 33, "figures.usage.kwh.of"),
    "a cycle": ('add = { "usage.kwh" = 1 }', 'add = { "usage.change" = 1 }', 34, "figures.usage.change.add"),
    "no property": ("score = { on", "rank = { on", 36, "figures.rank"),
    "a property of another type": (
        '{ type = "integer", minimum = 0 }', '{ type = "boolean" }', 33, "figures.usage.kwh"
    ),
    "a property of other digits": ("digits = 2", "digits = 3", 34, "figures.usage.change"),
    "a value that the property does not allow": ('"industrial", ', "", 35, "figures.usage.category"),
    "a figure that is required": (
        "additionalProperties = false\n\n[schema.properties]\n",
        'additionalProperties = false\nrequired = ["score"]\n\n[schema.properties]\n', 19, "schema.required",
    ),
    "an object that only figures fill is required": (
        "additionalProperties = false\n\n[schema.properties]\n",
        'additionalProperties = false\nrequired = ["usage"]\n\n[schema.properties]\n', 19, "schema.required",
    ),
    "factors that the schema does not show": (
        "score = { on", 'score = { label = "用电", on', 20, "schema.properties.factors"
    ),
    "a dotted name without quotes": ('"usage.kwh" = { from', "usage.kwh = { from", 32, "figures.usage"),
}  # fmt: skip


def test_the_files_without_a_defect_are_right(tmp_path: Path) -> None:
    for name, text in (("record.toml", RECORD), ("report.toml", REPORT), ("figures.toml", REPORT + FIGURES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        load_product(tmp_path / name, []).validator()


@pytest.mark.parametrize("defect", RECORD_DEFECTS)
def test_a_wrong_record_file(tmp_path: Path, defect: str) -> None:
    refused(tmp_path, RECORD, *RECORD_DEFECTS[defect])


@pytest.mark.parametrize("defect", REPORT_DEFECTS)
def test_a_wrong_report_file(tmp_path: Path, defect: str) -> None:
    refused(tmp_path, REPORT, *REPORT_DEFECTS[defect])


@pytest.mark.parametrize("defect", FIGURE_DEFECTS)
def test_figures_that_cannot_be_computed_or_shown(tmp_path: Path, defect: str) -> None:
    refused(tmp_path, REPORT + FIGURES, *FIGURE_DEFECTS[defect])


def test_only_reports_have_figures(tmp_path: Path) -> None:
    refused(tmp_path, RECORD, '[schema."$defs"]', '[figures]\n\n[schema."$defs"]', 31, "figures")


def refused(tmp_path: Path, text: str, old: str, new: str, line: int | None, field: str | None) -> None:
    """The text with `old` replaced is refused, at that line and field."""
    assert text.count(old) == 1
    path = tmp_path / "defect.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ProductFileError) as caught:
        load_product(path, [])
    place = caught.value.place
    assert place is not None
    assert (place.file, place.line, place.field) == (str(path), line, field)


def test_a_product_file_that_is_too_long(tmp_path: Path) -> None:
    path = tmp_path / "long.toml"
    path.write_text("#" * (1 << 20) + "\n" + RECORD, encoding="utf-8")
    with pytest.raises(ProductFileError, match="too long"):
        load_product(path, [])


def test_reports_that_combine_each_other(tmp_path: Path) -> None:
    for one, other in (("heat-report", "cold-report"), ("cold-report", "heat-report")):
        text = REPORT.replace("heat-report", one).replace("power-usage", other)
        (tmp_path / f"{one}-1.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProductFileError, match="can combine only records"):
        load_product("heat-report/1", [tmp_path])
