"""`coursectl courses`: what there is to report on."""

from datetime import UTC, datetime

import typer

from coursectl.cli import options
from coursectl.cli.formats import choose_look


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
    from coursectl.cli.delivery import counted, deliver
    from coursectl.printable import printable, shortened
    from coursectl.render.columns import COURSE_COLUMNS, parse_columns
    from coursectl.render.interface import Answer, Caption
    from coursectl.roster.courses import CourseBatch, select_courses
    from coursectl.sources.api.client import Api
    from coursectl.sources.api.courses import reportable_courses
    from coursectl.streams import Talk, Terminal, stdout_terminal

    settings = options.settings_loader(
        ctx, profile, debug, concurrency=concurrency, deadline=deadline
    )
    order = options.read_course_sort(sort)
    file = None if str(output) in ("-", "/dev/stdout") else output
    terminal = stdout_terminal() if file is None else Terminal(is_terminal=False)
    look = choose_look(
        named=format_,
        json=json,
        csv=csv,
        output=file,
        on_terminal=terminal.is_terminal,
        raw=raw,
        excel=excel,
    )
    shown = parse_columns(columns or (), COURSE_COLUMNS) or COURSE_COLUMNS
    api = Api(settings())
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
    talk = Talk(quiet=quiet)
    deliver(
        look.renderer(terminal, may_fold=not columns),
        Answer(shown, [batch], lambda: caption),
        look,
        terminal,
        talk,
        output=file,
        pager=not no_pager,
    )
    if file is not None:
        talk.note(f"{printable(str(file))}: {counted(len(selected), 'course')} written")
