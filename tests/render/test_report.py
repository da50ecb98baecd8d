from datetime import timedelta

from coursectl import __version__
from coursectl.render.outline import Outline, Rows, Section, Words
from coursectl.render.report import report_outline
from coursectl.roster.definitions import CHANGES as MEANINGS
from coursectl.roster.definitions import DEFINITIONS
from tests.render.answers import AS_OF, member
from tests.render.test_summary import summary

SILENT = member(2, last_active_at=AS_OF - timedelta(days=60), user_completion_rate=20)
CHANGES = (Section("changes", "What changed", (Words(("Nothing changed.",)),)),)


def keys(outline: Outline) -> list[str]:
    return [section.key for section in outline.sections]


def roster(outline: Outline) -> Rows:
    (table,) = outline.sections[-1].blocks
    assert isinstance(table, Rows)
    return table


def footer(outline: Outline) -> tuple[str, ...]:
    assert outline.footer is not None
    return outline.footer.paragraphs


def test_figures_come_first_then_what_changed_who_needs_a_nudge_and_the_roster():
    found = report_outline(summary(SILENT), [SILENT], changes=CHANGES)
    assert keys(found)[0] == "figures"
    assert keys(found)[-3:] == ["changes", "nudge", "roster"]


def test_without_an_export_to_compare_with_nothing_is_said_of_changes():
    assert "changes" not in keys(report_outline(summary(SILENT), [SILENT]))


def test_what_is_missing_is_said_before_any_figure():
    found = report_outline(summary(SILENT), [SILENT], caveats=("Two rows were left out.",))
    assert keys(found)[:2] == ["caveats", "figures"]
    assert found.sections[0].blocks == (Words(("Two rows were left out.",)),)


def test_all_members_are_in_the_roster_and_can_be_searched():
    found = report_outline(summary(member(1), SILENT), [member(1), SILENT])
    assert list(roster(found).rows) == [member(1), SILENT]
    assert roster(found).searchable


def test_avatars_have_a_column_only_when_asked_for():
    def columns(*, with_avatars: bool) -> list[str]:
        found = report_outline(summary(SILENT), [SILENT], with_avatars=with_avatars)
        return [column.key for column in roster(found).columns]

    assert "avatar" not in columns(with_avatars=False)
    assert "avatar" in columns(with_avatars=True)


def test_a_roster_of_nobody_is_said_to_be_one():
    found = report_outline(summary(), [])
    assert found.facts[0] == "0 members"
    table, words = found.sections[-1].blocks
    assert words == Words(("Nobody.",))
    assert isinstance(table, Rows)  # a workbook has its sheet all the same
    status = next(section for section in found.sections if section.key == "status")
    assert status.blocks == (words,)


def test_the_footer_says_what_the_figures_mean_and_what_they_were_made_from():
    known = footer(report_outline(summary(SILENT, fetched_at=AS_OF), [SILENT]))
    assert known[:-1] == tuple(f"{term}: {meaning}" for term, meaning in DEFINITIONS)
    made = f"Made by coursectl {__version__} from a roster"
    assert known[-1] == f"{made} fetched {AS_OF:%Y-%m-%d %H:%M} UTC."
    unknown = footer(report_outline(summary(SILENT), [SILENT]))
    assert unknown[-1] == f"{made} that does not say when it was fetched."


def test_the_footer_of_a_report_with_changes_says_what_each_kind_means():
    told = footer(report_outline(summary(SILENT), [SILENT], changes=CHANGES))
    assert told[len(DEFINITIONS) : -1] == tuple(f"{term}: {meaning}" for term, meaning in MEANINGS)


def test_a_report_says_of_how_many_as_of_when_and_where():
    found = report_outline(summary(SILENT, community="https://a.example"), [SILENT])
    assert found.facts == ("1 member", f"as of {AS_OF:%Y-%m-%d %H:%M} UTC", "https://a.example")
