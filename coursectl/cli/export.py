"""`coursectl export COURSE -o FILE`: the roster as one JSON document."""

import typer

from coursectl.cli import options


def export(
    ctx: typer.Context,
    course: options.Course,
    output: options.ExportFile = None,
    pseudonymize: options.Pseudonymize = False,
    quiet: options.Quiet = False,
    skip_invalid: options.SkipInvalid = False,
    allow_incomplete: options.AllowIncomplete = False,
    concurrency: options.Concurrency = None,
    deadline: options.Deadline = None,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """Save the roster of a course as JSON, with every field that the server sends.

    What is saved is a COURSE again: coursectl members FILE lists what the course held then.

    \b
    coursectl export 42 -o saved.json
    coursectl export 42 -o 'rosters/{course}-{date}.json.gz'
    """  # noqa: D301 - a backspace keeps the lines below it apart
    from datetime import UTC, datetime
    from itertools import chain, islice

    from coursectl.cli.delivery import STDOUT, destination, tell_of
    from coursectl.cli.filename import EXPORT_SUFFIXES, check_name, filled_name
    from coursectl.gather import Gathering, Tolerance
    from coursectl.places import expanded
    from coursectl.render.export import render_export
    from coursectl.roster.criteria import Criteria
    from coursectl.sources.resolve import resolve
    from coursectl.streams import Talk

    settings = options.settings_loader(
        ctx, profile, debug, concurrency=concurrency, deadline=deadline
    )
    pseudonyms = options.pseudonyms(ctx, profile, wanted=pseudonymize)
    name = None if output is None or output in STDOUT else expanded(output)
    if name is not None:
        check_name(name, EXPORT_SUFFIXES)
    with Talk(quiet=quiet) as talk:
        (source,) = resolve([course], settings, talk.wait)
        gathering = Gathering(
            [source],
            Criteria(),
            now=datetime.now(UTC),
            tolerance=Tolerance(skip_invalid=skip_invalid, allow_incomplete=allow_incomplete),
            as_sent=True,
            pseudonyms=pseudonyms,
            on_progress=talk.advance,
        )
        rest = gathering.batches()
        first = list(islice(rest, 1))
        provenance = gathering.provenance
        assert provenance is not None  # noqa: S101 - known with the first members, or when none came
        file = None if name is None else filled_name(name, provenance, source.name)
        with destination(file, talk) as out:
            render_export(provenance, chain(first, rest), gathering.conclusion, out)
        tell_of(gathering, file, talk)
