"""`coursectl courses`: what there is to report on."""

from datetime import UTC, datetime

import typer

from coursectl.cli import options


def courses(
    ctx: typer.Context,
    search: options.CourseSearch = None,
    sort: options.CourseSort = None,
    limit: options.CourseLimit = None,
    format_: options.FormatName = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    columns: options.CourseColumns = None,
    output: options.Output = None,
    raw: options.Raw = False,
    excel: options.Excel = False,
    no_pager: options.NoPager = False,
    quiet: options.Quiet = False,
    concurrency: options.Concurrency = None,
    deadline: options.Deadline = None,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """List the courses that you may report on: those that you created or manage."""
    from coursectl.cli.delivery import Delivery, counted, tell_written
    from coursectl.printable import shortened
    from coursectl.render.columns import COURSE_COLUMNS, parse_columns
    from coursectl.render.interface import Answer, Caption
    from coursectl.roster.courses import CourseBatch, select_courses
    from coursectl.roster.member import Provenance
    from coursectl.sources.api.client import Api
    from coursectl.sources.api.courses import reportable_courses
    from coursectl.streams import Talk

    settings = options.settings_loader(
        ctx, profile, debug, concurrency=concurrency, deadline=deadline
    )
    options.check_text("--search", search)
    order = options.read_course_sort(sort)
    delivery = Delivery.chosen(
        output=output, named=format_, json=json, csv=csv, raw=raw, excel=excel
    )
    shown = parse_columns(columns or (), COURSE_COLUMNS) or COURSE_COLUMNS
    talk = Talk(quiet=quiet)
    api = Api(settings(), on_wait=talk.wait)
    found = reportable_courses(api)
    selected = select_courses(found, search=search, sort=order, limit=limit)
    of = counted(len(found), "course")
    words = {
        "search": search and f'"{shortened(search)}"',
        "sorted by": sort,
        "first": limit is not None and str(limit),
    }
    caption = Caption(
        title=api.settings.url,
        facts=(
            of if len(selected) == len(found) else f"{len(selected):,} of {of}",
            *(f"{name} {value}" for name, value in words.items() if value),
        ),
    )
    batch = CourseBatch(selected, as_of=datetime.now(UTC))
    delivery = delivery.named_by(
        [Provenance(api.settings.url, {}, batch.as_of)], "a list of courses"
    )
    answer = Answer(shown, [batch], lambda: caption, heading="Courses")
    delivery.deliver(answer, talk, may_fold=not columns, pager=not no_pager)
    tell_written(delivery.file, counted(len(selected), "course"), talk)
