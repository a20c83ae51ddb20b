"""Another version comes into force, or nothing is altered: with the site's own files and a ground that remembers."""

from pathlib import Path

import pytest

from ivr.site.versions import CanaryEnded, CanaryStarted, VersionActivated
from ivr.versions.canary import Bound, Score
from ivr.versions.changes import Changes
from ivr.versions.copies import Copies
from ivr.versions.loading import VersionRefused
from ivr.versions.standing import Standing
from ivr.versions.trials import Trials
from tests.tools import run
from tests.unit.versions.site_files import Office


def trials_of(changes: Changes, scores: dict[str, Score] | None = None) -> Trials:
    return Trials(changes, lambda since, versions: scores or {})


async def tried(changes: Changes, trials: Trials, **more: object) -> str:
    values = {"percent": 0, "callers": frozenset({"ana"}), "bounds": (), "least": 1, "who": "root"} | more
    return (await trials.start(**values)).version  # type: ignore[arg-type]


# ---------------------------------------------------------------------- reload


@run
async def test_the_first_start_and_the_second(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    (fact,) = office.facts
    assert (fact.version, fact.before, fact.how) == (changes.editions.active().version, "", "start")
    again = await office.serve()
    assert len(office.facts) == 1 and again.editions.active().version == fact.version
    assert [len(kept.activations) for kept in office.copies.all()] == [1]


@run
async def test_a_reload_brings_the_change_into_force_and_tells_it(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    first = changes.editions.active()
    office.say("Buenas.")
    outcome = await changes.reload("reload", "ana", "más corto")
    active = changes.editions.active()
    assert outcome.changed and (outcome.version, outcome.before) == (active.version, first.version)
    assert outcome.remarks == ("a remark",)
    assert active.prompts["bienvenida"].texts["es-CO"] == "Buenas."
    assert office.ground.swaps == [(first.edition, active.edition)] and office.ground.prepared == [active.edition]
    assert office.facts[-1] == VersionActivated(
        at=office.clock.now(), version=active.version, before=first.version, how="reload", who="ana", why="más corto"
    )
    kept = office.copies.all()[0]
    assert (kept.version, kept.activations[-1].who, kept.activations[-1].why) == (active.version, "ana", "más corto")
    assert changes.editions.of(first.edition) is first and changes.editions.for_new_call("", "") is active


@run
async def test_nothing_changed_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    outcome = await changes.reload("reload", "ana")
    assert not outcome.changed and not office.ground.swaps and len(office.facts) == 1


@run
async def test_a_faulty_change_alters_nothing_and_says_where(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    before = changes.editions.active()
    office.break_flow()
    with pytest.raises(VersionRefused, match=r"^1 error: nothing was changed$") as refused:
        await changes.reload("reload", "ana")
    (line,) = refused.value.problems
    assert line.startswith(f"{office.folders.flows}/linea_principal.yaml:") and "FLOW020" in line and "nirgends" in line
    assert changes.editions.active() is before and not office.ground.swaps and len(office.facts) == 1
    assert changes.refused == 1 and changes.problems == refused.value.problems
    assert not list(office.copies.folder.glob(".new-*"))
    office.mend_flow()
    await changes.reload("reload", "ana")
    assert changes.problems == ()


@run
async def test_a_failing_test_of_a_flow_keeps_a_change_away_unless_it_is_forced(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    before = changes.editions.active()
    office.say("Hola.")
    tests = office.folders.flows / "cartera_directa.test.yaml"
    head = "tests of: cartera_directa\nalways: {at: 2026-11-20 10:00}\n"
    tests.write_text(f"{head}calls:\n  saluda:\n    expect: {{heard: [cerrado]}}\n", encoding="utf-8")
    with pytest.raises(VersionRefused) as refused:
        await changes.reload("reload", "ana")
    (line,) = refused.value.problems
    assert line.startswith(f"{tests}:5:") and "TEST001" in line
    assert changes.editions.active() is before
    assert (await changes.reload("reload", "ana", tests=False)).changed


@run
async def test_a_ground_that_cannot_be_made_alters_nothing(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    before, standing = changes.editions.active(), changes.standing
    office.say("Buenas.")
    office.ground.refuses = "the disk is full"
    with pytest.raises(VersionRefused, match="the disk is full"):
        await changes.reload("reload", "ana")
    assert changes.editions.active() is before and changes.standing == standing
    assert Standing.load(office.copies.folder).active == before.edition
    office.ground.refuses = ""
    assert (await changes.reload("reload", "ana")).changed


@run
async def test_a_disk_that_cannot_be_written_keeps_nobody_from_the_new_version(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    office.say("Buenas.")
    standing = office.copies.folder / "standing.json"
    standing.unlink()
    standing.mkdir()  # replacing it fails, for root too
    outcome = await changes.reload("reload", "ana")
    assert outcome.changed and "a restart of the server would not know of this" in outcome.remarks[-1]


# ---------------------------------------------------------------------- files that change


@run
async def test_files_that_changed_come_into_force_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    assert not await changes.folder_changed()
    office.say("Buenas.")
    assert await changes.folder_changed() and not await changes.folder_changed()
    assert office.facts[-1].how == "file change"
    office.break_flow()
    assert not await changes.folder_changed() and not await changes.folder_changed()
    assert changes.refused == 1, "the same faults are told once"
    assert not changes.editions.known("0" * 12)


# ---------------------------------------------------------------------- rollback


@run
async def test_back_to_the_version_before_and_the_files_do_not_undo_it(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    first = changes.editions.active().version
    office.say("Buenas.")
    second = (await changes.reload("reload", "ana")).version
    outcome = await changes.rollback("", "ana", "se oye mal")
    assert (outcome.version, outcome.before) == (first, second) and "as they were" in outcome.remarks[-1]
    assert not await changes.folder_changed()
    restarted = await office.serve()
    assert restarted.editions.active().version == first and office.facts[-1].how == "rollback"
    office.say("Muy buenas.")
    assert await restarted.folder_changed()
    third = restarted.editions.active().version
    assert third not in (first, second)
    assert (await restarted.rollback(second[:5], "ana")).version == second
    assert (await restarted.rollback("", "ana")).version == third
    assert (await restarted.reload("reload", "ana")).version == third


@run
async def test_what_cannot_be_gone_back_to_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    with pytest.raises(VersionRefused, match="there is no earlier version"):
        await changes.rollback("", "ana")
    with pytest.raises(VersionRefused, match="`ivr versions` lists them"):
        await changes.rollback("../x", "ana")
    first = changes.editions.active().edition
    office.say("Buenas.")
    await changes.reload("reload", "ana")
    changes.editions.forget([])
    file = office.copies.folder / first / "flows" / "linea_principal.yaml"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    file.write_text(text + "\n# by hand\n", encoding="utf-8")
    with pytest.raises(VersionRefused, match="was changed by hand"):
        await changes.rollback(first, "ana")


# ---------------------------------------------------------------------- starting


@run
async def test_a_server_starts_with_changed_files_and_with_the_old_version_when_they_are_faulty(tmp_path: Path) -> None:
    office = Office(tmp_path)
    first = (await office.serve()).editions.active().version
    office.say("Buenas.")
    changes = await office.serve()
    second = changes.editions.active().version
    assert (office.facts[-1].version, office.facts[-1].before, office.facts[-1].how) == (second, first, "start")
    office.break_flow()
    changes = await office.serve()
    assert changes.editions.active().version == second and "nirgends" in changes.problems[0]
    assert not await changes.folder_changed(), "the faults are known"
    office.mend_flow()
    assert not await changes.folder_changed(), "this is what is in force"
    assert changes.editions.active().version == second


@run
async def test_faulty_files_and_no_version_before(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.break_flow()
    with pytest.raises(VersionRefused) as refused:
        office.begin()
    assert "nirgends" in refused.value.problems[0]


@run
async def test_without_a_disk_for_copies_the_server_starts_all_the_same(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.copies.folder.parent.mkdir(exist_ok=True)
    office.copies.folder.write_text("not a folder")
    start = office.begin()
    assert start.edition.site.numbers and "cannot be copied" in start.problems[0]
    changes = await office.serve()
    assert changes.editions.active().version == start.edition.site.version


@run
async def test_calls_of_before_a_restart_have_their_version(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    first = changes.editions.active().version
    office.say("Buenas.")
    second = (await changes.reload("reload", "ana")).version
    restarted = await office.serve(first, "f" * 64)
    assert restarted.editions.of(first[:12]).version == first
    assert restarted.editions.of("f" * 12).version == second, "nobody knows it: the one in force"
    restarted.editions.forget([first])
    assert first[:12] in restarted.editions.names()
    restarted.editions.forget([])
    assert restarted.editions.names() == (second[:12],)


# ---------------------------------------------------------------------- a version that is tried


@run
async def test_a_tried_version_is_met_by_some_and_promoted_to_all(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    trials = trials_of(changes)
    first = changes.editions.active().version
    await trials.hold()
    office.say("Buenas.")
    assert not await changes.folder_changed(), "held back"
    new = await tried(changes, trials, why="corto")
    assert changes.editions.for_new_call("ana", "").version == new
    assert changes.editions.for_new_call("luz", "").version == first == changes.editions.active().version
    assert office.ground.made == [new[:12]] and not office.ground.swaps
    assert isinstance(office.facts[-1], CanaryStarted) and office.facts[-1].callers == 1
    for change in (changes.reload("reload", "ana"), changes.rollback("", "ana"), tried(changes, trials)):
        with pytest.raises(VersionRefused, match="is tried on some callers; end that first"):
            await change
    outcome = await trials.promote("ana")
    assert (outcome.version, changes.editions.active().version, changes.editions.canary) == (new, new, None)
    assert [type(fact) for fact in office.facts[-2:]] == [CanaryEnded, VersionActivated]
    assert changes.standing == Standing(active=new[:12], before=first[:12], folder=changes.standing.folder)
    assert not await changes.folder_changed()


@run
async def test_a_trial_goes_on_after_a_restart_and_stops(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    trials = trials_of(changes)
    first = changes.editions.active().version
    await trials.hold()
    office.say("Buenas.")
    new = await tried(changes, trials)
    changes = await office.serve()
    assert changes.editions.for_new_call("ana", "").version == new
    assert changes.editions.active().version == first
    await trials_of(changes).stop("ana", "genug")
    assert changes.editions.for_new_call("ana", "").version == first
    assert changes.editions.of(new).version == new, "calls in progress keep it"
    assert (office.facts[-1].how, office.facts[-1].why) == ("stopped", "genug")
    assert not await changes.folder_changed(), "the files keep the change, held back"
    with pytest.raises(VersionRefused, match="no version is tried"):
        await trials_of(changes).stop("ana")
    assert (await changes.reload("reload", "ana")).version == new


@run
async def test_a_bound_that_is_passed_ends_the_trial(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    score = Score(begun=4, ended=4)
    office.say("Buenas.")
    scores: dict[str, Score] = {}
    trials = Trials(changes, lambda since, versions: scores)
    new = await tried(changes, trials, bounds=(Bound("failed", 20),), least=4)
    scores[new] = score
    await trials.look()
    assert changes.editions.canary is not None
    score.counts["failed"] = 1
    await trials.look()
    assert changes.editions.canary is None
    fact = office.facts[-1]
    assert isinstance(fact, CanaryEnded) and fact.how == "returned" and fact.who == "the server"
    assert "failed 25 % of 4 calls" in fact.why
    assert Standing.load(office.copies.folder).canary is None
    await trials.look()
    assert office.facts[-1] is fact


@run
async def test_what_cannot_be_tried_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    changes = await office.serve()
    trials = trials_of(changes)
    with pytest.raises(VersionRefused, match="ivr canary prepare"):
        await tried(changes, trials)
    site = office.folders.config / "site.yaml"
    site.write_text(site.read_text(encoding="utf-8").replace("lines: 4", "lines: 5"), encoding="utf-8")
    with pytest.raises(VersionRefused, match=r"site.yaml \(lines\) cannot differ between callers"):
        await tried(changes, trials)
    assert changes.editions.canary is None and not changes.standing.held


@run
async def test_other_folders_and_kept_versions_can_be_tried(tmp_path: Path) -> None:
    office, other = Office(tmp_path / "a"), Office(tmp_path / "b")
    changes = await office.serve()
    trials = trials_of(changes)
    first = changes.editions.active().version
    other.say("Buenas.")
    new = await tried(changes, trials, folders=other.folders)
    assert changes.editions.tried is not None and changes.editions.tried.site.version == new
    await trials.promote("ana")
    assert not await changes.folder_changed(), "our own folders did not change"
    assert await tried(changes, trials, digits=first[:8]) == first
    await trials.stop("ana")
    other.break_flow()
    with pytest.raises(VersionRefused) as refused:
        await tried(changes, trials, folders=other.folders)
    assert refused.value.problems[0].startswith(str(other.folders.flows)) and changes.problems == ()


@run
async def test_a_broken_standing_is_a_beginning(tmp_path: Path) -> None:
    office = Office(tmp_path)
    await office.serve()
    for broken in (
        "",
        "{}",
        "[]",
        '{"form": 2}',
        '{"form": 1, "active": "x", "folder": "", "held": 0, "before": "", "canary": 7}',
    ):
        (office.copies.folder / "standing.json").write_text(broken)
        assert Standing.load(office.copies.folder) == Standing()
        assert office.begin().how == "start"
    assert Copies(tmp_path / "nothing").all() == ()
