"""Plain text and Markdown: nothing cut off, no colour, ISO dates."""

import re
from dataclasses import dataclass

import tabulate

from coursectl.render.columns import Kind
from coursectl.render.interface import Answer, Sink
from coursectl.render.values import readable_values

# tabulate would widen each column by the blanks between columns once more.
tabulate.MIN_PADDING = 0

_RIGHT = (Kind.NUMBER, Kind.PERCENT)

# Characters that Markdown, or HTML inside it, gives a meaning to.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")


@dataclass(frozen=True, slots=True)
class TextRenderer:
    """A table of text: columns lined up by display width, or with `markdown` a Markdown table."""

    markdown: bool = False

    def render(self, answer: Answer, out: Sink) -> None:
        """Write a header and a line a row."""
        rows = [row for batch in answer.batches for row in readable_values(batch, answer.columns)]
        if self.markdown:
            texts = [place for place, column in enumerate(answer.columns) if column.is_free_text]
            for row in rows:
                for place in texts:
                    row[place] = _MARKUP.sub(r"\\\1", row[place])
        aligned = ["right" if column.kind in _RIGHT else "left" for column in answer.columns]
        text = tabulate.tabulate(
            rows,
            headers=[column.header for column in answer.columns],
            tablefmt="pipe" if self.markdown else "plain",
            colalign=aligned if rows else None,
            disable_numparse=True,
        )
        lines = [line.rstrip() for line in text.split("\n")]
        out.write("".join(f"{line}\n" for line in lines).encode())
