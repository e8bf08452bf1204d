"""The command line from an upload to a package, on a real chain: anchor, list, check, prove, resume."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from making import document, lines, number, write_csv
from region_world import PLATFORM, REGULATOR, SOURCE, TAG_KEY, Place, region_of
from worlds import Kept, kept_region

from creditchain.batch.folder.opened import open_batch
from creditchain.batch.folder.tree_file import FileTree
from creditchain.chain.anchors import find_anchor
from creditchain.cli.app import run
from creditchain.errors import ExitCode
from creditchain.home.layout import Home
from creditchain.merkle import inclusion_path
from creditchain.vocabulary import Life


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as made:
        yield made


@pytest.fixture
def place(kept: Kept, tmp_path: Path) -> Place:
    return kept.fresh(tmp_path / "place")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGION_KEY", TAG_KEY.hex())
    monkeypatch.setenv("CREDITCHAIN_TAG_KEY", "env:REGION_KEY")
    monkeypatch.setenv("CREDITCHAIN_SIGNER", f"dev:{SOURCE}")


class Shell:
    """Runs commands of the command line in this process."""

    def __init__(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        self._place, self._capsys = place, capsys

    def run(self, *words: object) -> tuple[int, Any, str]:
        """Exit code, what was printed as JSON, and the text on stderr."""
        code = run(["--json", *self._place.options, *map(str, words)])
        printed = self._capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else None, printed.err

    def good(self, *words: object) -> Any:
        code, value, error = self.run(*words)
        assert code == ExitCode.OK, error
        return value

    def bad(self, code: ExitCode, *words: object) -> dict[str, Any]:
        found, _, error = self.run(*words)
        assert found == code, error
        told: dict[str, Any] = json.loads(error)["error"]
        return told


@pytest.fixture
def shell(place: Place, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(place, capsys)


def anchor(upload: Path, *more: object) -> tuple[object, ...]:
    return ("anchor", upload, "--product", "registry-basic/1", "--node", SOURCE, *more)


def anchors_of(place: Place) -> list[bytes]:
    with region_of(place) as region:
        return [found.root for found in read_anchors(region)]


def test_from_upload_to_verified_package(place: Place, shell: Shell, tmp_path: Path) -> None:
    upload = tmp_path / "upload.jsonl"
    upload.write_bytes(lines([document(record) for record in range(30)]))
    made = shell.good(*anchor(upload))
    assert (made["state"], made["size"], made["subjects"], made["domains"]) == ("final", 30, 7, ["registry"])
    root = made["root"]
    again = shell.good(*anchor(upload))
    assert again == made
    assert [found.hex() for found in anchors_of(place)].count(root[2:]) == 1

    listed = shell.good("batch", "list")
    assert [row["root"] for row in listed] == [root]
    assert shell.good("batch", "show", root[:12])["size"] == 30
    assert shell.good("batch", "check", made["folder"])["intact"] is True
    assert shell.good("batch", "resume") == []

    out = tmp_path / "packages"
    out.mkdir()
    written = shell.good("prove", "--batch", root, "--number", number(2), "-o", out)
    assert len(written) == 4
    code, verdict, error = shell.run("verify", *[row["package"] for row in written])
    assert code in (ExitCode.OK, ExitCode.COULD_NOT_CHECK), error
    assert "failed" not in json.dumps(verdict)


def test_proving_what_is_not_there_or_not_clear(shell: Shell, tmp_path: Path) -> None:
    upload = tmp_path / "b.csv"
    root = shell.good(*anchor(write_csv(upload, [document(record) for record in range(100, 120)])))["root"]
    prove = ("prove", "--batch", root, "-o", tmp_path / "p.json")
    assert "several" in shell.bad(ExitCode.USAGE, *prove, "--number", number(2))["message"]
    assert "nothing" in shell.bad(ExitCode.BAD_INPUT, *prove, "--number", number(9))["message"]
    assert "nothing" in shell.bad(ExitCode.BAD_INPUT, *prove, "--number", number(2), "--section", "carbon")["message"]
    assert "no leaf" in shell.bad(ExitCode.BAD_INPUT, *prove, "--number", number(2), "--index", 10**6)["message"]
    assert (
        "no batch" in shell.bad(ExitCode.BAD_INPUT, *prove[:2], "00" * 32, *prove[3:], "--number", number(2))["message"]
    )


def test_batches_are_numbered(place: Place, shell: Shell, tmp_path: Path) -> None:
    numbers = []
    for day in range(3):
        upload = tmp_path / f"day-{day}.jsonl"
        upload.write_bytes(lines([document(record) for record in range(200 + 10 * day, 210 + 10 * day)]))
        made = shell.good(*anchor(upload))
        numbers.append(made["number"])
    assert numbers == list(range(numbers[0], numbers[0] + 3))


def test_bad_lines_anchor_nothing(place: Place, shell: Shell, tmp_path: Path) -> None:
    before = anchors_of(place)
    good = lines([document(record) for record in range(300, 310)])
    upload, report = tmp_path / "bad.jsonl", tmp_path / "report.jsonl"
    upload.write_bytes(good + b'{"product":1}\n' + good[:50] + b"\n")
    told = shell.bad(ExitCode.BAD_INPUT, *anchor(upload, "--report-errors", report))
    assert told["place"]["line"] == 11
    assert {json.loads(line)["line"] for line in report.read_bytes().splitlines()} == {11, 12}
    assert anchors_of(place) == before
    assert "bad.jsonl" not in json.dumps(shell.good("batch", "list"))
    made = shell.good(*anchor(upload, "--skip-invalid"))
    assert (made["size"], made["skipped"]) == (10, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--node": 99}, "no node"),
        ({"--node": REGULATOR}, "do not publish"),
        ({"--node": PLATFORM}, "does not act"),
        ({"--tag-key": "env:OTHER_KEY"}, "tag key"),
    ],
)
def test_who_may_not_anchor(
    changes: dict[str, object],
    message: str,
    place: Place,
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTHER_KEY", "77" * 32)
    before = anchors_of(place)
    upload = tmp_path / "x.jsonl"
    upload.write_bytes(lines([document(record) for record in range(400, 405)]))
    words = [word for pair in changes.items() for word in pair]
    assert message in shell.bad(ExitCode.REFUSED, *anchor(upload), *words)["message"]
    assert anchors_of(place) == before


def test_a_flipped_bit_is_noticed_by_check(shell: Shell, tmp_path: Path) -> None:
    upload = tmp_path / "y.jsonl"
    upload.write_bytes(lines([document(record) for record in range(500, 505)]))
    folder = Path(shell.good(*anchor(upload))["folder"])
    victim = folder / "documents" / "00000.arrow"
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.write_bytes(bytes(raw))
    assert "has changed since it was written" in shell.bad(ExitCode.NOT_VALID, "batch", "check", folder)["message"]


def test_purge_erases_the_content_and_says_so_on_chain(place: Place, shell: Shell, tmp_path: Path) -> None:
    upload = tmp_path / "z.jsonl"
    upload.write_bytes(lines([document(record) for record in range(600, 620)]))
    made = shell.good(*anchor(upload))
    folder = Path(made["folder"])
    with open_batch(folder) as batch:
        erased, leaf = batch.document(4), batch.leaves[4].hash()
    purge = ("batch", "purge", made["root"], "--index", 4, "--reason", "court order 17")
    shell.good(*purge)
    shell.good(*purge)
    assert all(erased.salt not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    with region_of(place) as region:
        assert region.record(SOURCE, leaf).life == Life.ERASED
    assert shell.good("batch", "check", folder)["purged"] == 1
    assert "no leaf" in shell.bad(ExitCode.BAD_INPUT, *purge[:4], 20, *purge[5:])["message"]


def test_a_regulator_audits_from_the_leaves_and_keeps_them(place: Place, shell: Shell, tmp_path: Path) -> None:
    upload = tmp_path / "w.jsonl"
    upload.write_bytes(lines([document(record) for record in range(700, 730)]))
    made = shell.good(*anchor(upload))
    listed = tmp_path / "list.leaves"
    shell.good("audit", "list", made["folder"], "-o", listed)
    lists = [listed]
    for row in shell.good("batch", "list"):
        if row["state"] == "final" and row["root"] != made["root"]:
            lists.append(tmp_path / f"{row['number']}.leaves")
            shell.good("audit", "list", row["root"], "-o", lists[-1])
    book = shell.good("book", "make", "--node", SOURCE, "--epoch", 1)
    entered = shell.good("book", "enter", book["root"], "--signer", f"dev:{SOURCE}")
    assert shell.good("book", "enter", book["folder"], "--signer", f"dev:{SOURCE}") == entered
    audit = ("audit", "attest", *lists, "--node", SOURCE, "--auditor", REGULATOR, "--signer", f"dev:{REGULATOR}")
    done = shell.good(*audit)
    assert (done["root"], done["size"], done["batches"]) == (book["root"], book["size"], book["batches"])
    assert shell.good(*audit) == done
    with region_of(place) as region:
        anchored = find_anchor(region, SOURCE, 1, bytes.fromhex(made["root"][2:]))
        assert anchored is not None
        assert anchored.audited
        kept = Home(place.folder / "home").region(region.deployment.log_id).audited / made["root"][2:]
    with open_batch(Path(made["folder"])) as batch:
        tree = FileTree(kept / "levels.bin", 30)
        assert [inclusion_path(tree, index) for index in range(30)] == [
            inclusion_path(batch.tree, index) for index in range(30)
        ]


def test_watching_a_folder(place: Place, shell: Shell, tmp_path: Path) -> None:
    inbox, done = tmp_path / "inbox", tmp_path / "done"
    inbox.mkdir()
    for day in range(3):
        documents = [document(record) for record in range(800 + 9 * day, 809 + 9 * day)]
        (inbox / f"day-{day}.jsonl").write_bytes(lines(documents))
    (inbox / "bad.jsonl").write_bytes(b"{\n")
    (inbox / ".hidden.jsonl").write_bytes(b"{\n")
    (inbox / "day-3.jsonl.part").write_bytes(b"{\n")
    before = anchors_of(place)
    watch = (*anchor(inbox), "--watch", "--once", "--settle", 0)
    code = run(["--json", *place.options, *map(str, watch)])
    assert code == ExitCode.BAD_INPUT
    assert len(anchors_of(place)) == len(before) + 3
    code = run(["--json", *place.options, *map(str, watch), "--move-to", str(done)])
    assert code == ExitCode.BAD_INPUT
    assert len(anchors_of(place)) == len(before) + 3
    assert sorted(path.name for path in done.iterdir()) == ["day-0.jsonl", "day-1.jsonl", "day-2.jsonl"]
    assert sorted(path.name for path in inbox.iterdir()) == [".hidden.jsonl", "bad.jsonl", "day-3.jsonl.part"]


def test_batch_list_says_region_and_network_and_makes_no_home(place: Place, shell: Shell, tmp_path: Path) -> None:
    upload = tmp_path / "listed.jsonl"
    upload.write_bytes(lines([document(record) for record in range(900, 905)]))
    shell.good(*anchor(upload))
    (row,) = shell.good("batch", "list")
    assert (row["row"], row["region"], row["network"], row["state"]) == (1, "YRD", "embedded", "final")
    elsewhere = tmp_path / "elsewhere"
    told = shell.bad(ExitCode.BAD_INPUT, "--home", elsewhere, "batch", "list")
    assert "no home" in told["message"]
    assert not elsewhere.exists()


def test_a_row_that_cannot_be_finished_is_told_and_dropped(
    place: Place, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from creditchain.acts.anchoring import Anchoring

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    upload = tmp_path / "gone.jsonl"
    upload.write_bytes(lines([document(record) for record in range(910, 915)]))
    with monkeypatch.context() as patch:
        patch.setattr(Anchoring, "_prepare", interrupted)
        assert shell.run(*anchor(upload))[0] == ExitCode.INTERRUPTED
    upload.unlink()
    code, (row,), _ = shell.run("batch", "resume")
    assert (code, row["state"], row["sent_again"]) == (ExitCode.COULD_NOT_CHECK, "preparing", False)
    assert row["error"]["exit_code"] == ExitCode.COULD_NOT_CHECK
    dropped = shell.good("batch", "drop", row["row"])
    assert (dropped["dropped"], dropped["row"], dropped["upload"]) == (True, row["row"], str(upload))
    assert shell.good("batch", "resume") == shell.good("batch", "list") == []
    assert "no row" in shell.bad(ExitCode.BAD_INPUT, "batch", "drop", row["row"])["message"]


def test_a_final_batch_is_not_dropped_while_its_chain_answers(shell: Shell, tmp_path: Path) -> None:
    """Whatever is said of the chain: without its folder nobody could prove a record of it any more."""
    upload = tmp_path / "final.jsonl"
    upload.write_bytes(lines([document(record) for record in range(930, 935)]))
    made = shell.good(*anchor(upload))
    error = shell.bad(ExitCode.REFUSED, "batch", "drop", made["row"], "--chain-is-gone")
    assert error["message"] == "the batch is anchored"
    assert shell.good("batch", "check", made["folder"])["intact"]


def test_purging_without_a_signer_or_as_another_node_erases_nothing(
    place: Place, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = tmp_path / "kept.jsonl"
    upload.write_bytes(lines([document(record) for record in range(920, 925)]))
    made = shell.good(*anchor(upload))
    purge = ("batch", "purge", made["root"], "--index", 2, "--reason", "court order 17")
    shell.bad(ExitCode.REFUSED, *purge, "--signer", f"dev:{PLATFORM}")
    monkeypatch.delenv("CREDITCHAIN_SIGNER")
    shell.bad(ExitCode.USAGE, *purge)
    with open_batch(Path(made["folder"])) as batch:
        assert all(batch.document(index).content for index in range(5))


def test_watching_prints_one_document_a_line(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inbox = tmp_path / "lines"
    inbox.mkdir()
    for day in range(2):
        documents = [document(record) for record in range(930 + 9 * day, 939 + 9 * day)]
        (inbox / f"day-{day}.jsonl").write_bytes(lines(documents))
    words = (*anchor(inbox), "--watch", "--once", "--settle", 0)
    assert run(["--json", *place.options, *map(str, words)]) == ExitCode.OK
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    uploads = [(each["upload"], each["state"]) for each in told if "upload" in each]
    assert uploads == [("day-0.jsonl", "final"), ("day-1.jsonl", "final")]
    (book,) = [each for each in told if "upload" not in each]
    assert (book["book_of"], book["key_epoch"]) == (SOURCE, 1)
    assert run(["--json", *place.options, *map(str, words), "--no-book"]) == ExitCode.OK
    assert all("upload" in json.loads(line) for line in capsys.readouterr().out.splitlines())
