"""What `upload check` shows of an upload: its faults, what a mapping makes of it, and the summary of its fields."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from creditchain.acts.checking_uploads import CheckedUpload
    from creditchain.batch.errors import Problem
    from creditchain.batch.readers.reading import Reading
    from creditchain.cli.output import Output

#: Faults that a person is shown one by one; the rest are counted.
SHOWN = 20


def described(name: str, product: str, reading: Reading, found: CheckedUpload) -> dict[str, Any]:
    """The whole result, for machines."""
    return {
        "upload": name,
        "product": product,
        **({"reading": reading.described()} if reading.described() else {}),
        "clean": found.clean,
        "complete": found.complete,
        "lines": found.lines,
        "records": found.records,
        "faults": found.fault_count,
        "bad_lines": found.bad_lines,
        "kinds_of_faults": [asdict(kind) for kind in found.kinds],
        "first_faults": [problem.as_json(name) for problem in found.faults],
        "mapped": [asdict(cell) for cell in found.preview],
        "fields": found.fields,
    }


def show(output: Output, name: str, found: CheckedUpload) -> None:
    """The whole result, for people."""
    if found.preview:
        rows = [
            [cell.line, cell.field, "" if cell.column is None else cell.column, cell.before, _after(cell.after)]
            for cell in found.preview
        ]
        output.table(["line 行", "field 字段", "column 列", "before 原值", "after 结果"], rows, title="Mapping 映射")
    if found.fault_count:
        columns = ["line 行", "field 字段", "fault 错误", "wanted 要求", "found 实际", "what to do 处理"]
        output.table(columns, [_row(problem) for problem in found.faults[:SHOWN]], title="Faults 错误")
    if found.fault_count > SHOWN:
        columns = ["field 字段", "fault 错误", "wanted 要求", "times 次数", "first line 首行"]
        kinds = [[kind.field, kind.message, kind.expected, kind.count, kind.first_line] for kind in found.kinds]
        output.table(columns, [_blanks(row) for row in kinds], title="Faults by field 错误汇总")
        output.note(f"{SHOWN} of {found.fault_count} faults are shown; --report-errors FILE writes all of them.")
    if found.records:
        columns = [
            "field 字段",
            "title 名称",
            "filled 有值",
            "empty 空",
            "least 最小",
            "most 最大",
            "in yuan 元",
            "values 取值",
        ]
        output.table(columns, [_summed(told) for told in found.fields], title="Good records 合格记录")
    if not found.complete:
        output.line(("bold red", "not read to the end: "), "the last fault ended the reading.")
    verdict = ("bold green", "no faults") if found.clean else ("bold red", f"faults: {found.fault_count}")
    output.line(verdict, f" in {name}; lines {found.lines}, good records {found.records}, bad lines {found.bad_lines}")


def _row(problem: Problem) -> list[object]:
    field = problem.field if problem.column is None else f"{problem.field} ({problem.column})"
    return _blanks([problem.line, field, problem.message, problem.expected, problem.found, problem.hint])


def _blanks(row: list[Any]) -> list[object]:
    return ["" if cell is None else cell for cell in row]


def _after(text: str | None) -> str:
    return "cannot be converted" if text is None else text


def _summed(told: dict[str, Any]) -> list[object]:
    unit = " characters" if told["kind"] == "text" else ""
    bounds = [f"{told[name]}{unit}" if name in told else "" for name in ("least", "most")]
    amounts = f"{told['least_yuan']} – {told['most_yuan']}" if "least_yuan" in told else ""
    return [told["field"], told["title"], told["filled"], told["empty"], *bounds, amounts, _values(told)]


def _values(told: dict[str, Any]) -> str:
    if "values" in told:
        return ", ".join(f"{value} × {count}" for value, count in told["values"].items())
    distinct = f"{told['distinct']} different" if "distinct" in told else ""
    return "; ".join([distinct, *told.get("examples", [])]).strip("; ")
