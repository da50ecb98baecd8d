"""The command line. `main` is what the `coursectl` script runs."""

import os
import sys

from coursectl import signals


def main() -> None:
    """Run coursectl on the arguments of this process, and exit.

    What a person waits for at a prompt is answered before anything big is imported; the app would
    answer the same.
    """
    signals.watch()
    from coursectl.whole_writes import mend_streams

    mend_streams()
    if not _is_answered_at_once(sys.argv[1:]):
        from coursectl.cli.process import run_process

        run_process()


def _is_answered_at_once(words: list[str]) -> bool:
    if sys.stdout is None:
        return False
    try:
        if asks := os.environ.get("_COURSECTL_COMPLETE"):
            from coursectl.cli.tab import answer_tab

            answer_tab(asks)
            return True
        text = _answer_of_few_words(words)
        if text is None:
            return False
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        from coursectl.streams import forget_stdout

        forget_stdout()
    except OSError as error:
        sys.exit(_not_written(error))
    return True


def _not_written(error: OSError) -> int:
    """Say that stdout cannot be written, and return the exit code."""
    from coursectl.streams import cannot_write, forget_stdout, say

    forget_stdout()
    told = cannot_write("stdout", error)
    say(told.message, *told.hints)
    return told.exit_code


def _answer_of_few_words(words: list[str]) -> str | None:
    """Give the version or a help, if it is plain that it is asked for."""
    if words == ["--version"]:
        from coursectl import __version__

        return f"coursectl {__version__}\n"
    if words and not {"-h", "--help"}.intersection(words):
        return None
    from coursectl.cli.help import help_text, page_asked_for

    page = page_asked_for(words)
    return help_text(page.name) + "\n" if page else None
