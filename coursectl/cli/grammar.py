"""What a command line can say, as plain values, and how far a given one is understood.

The values stand in `manual`. Help and a TAB press are answered from them: to import Typer takes
longer than a person should wait for either.
"""

from collections.abc import Iterable

PROGRAM = "coursectl"

HELP = ("-h", "--help")


class Offer:
    """What a TAB press offers for a value: words, and what else `tab` finds under a name."""

    __slots__ = ("by_comma", "found", "words")

    def __init__(self, *words: str, by_comma: bool = False, found: str = "") -> None:
        self.words = words
        self.by_comma = by_comma
        """Whether several can be given at once, with commas between them."""
        self.found = found


class Parameter:
    """An option, or an argument, which has no `names`."""

    __slots__ = ("help", "is_repeatable", "is_required", "metavar", "names", "offer", "panel")

    def __init__(
        self,
        *names: str,
        help: str,  # noqa: A002 - as Typer calls it
        panel: str,
        metavar: str = "",
        offer: Offer | None = None,
        is_repeatable: bool = False,
        is_required: bool = False,
    ) -> None:
        self.names = names
        """The short one before the long one."""
        self.help = help
        self.panel = panel
        """The heading that it stands under in the help."""
        self.metavar = metavar
        """What stands for the value; nothing if it takes none."""
        self.offer = offer
        self.is_repeatable = is_repeatable
        self.is_required = is_required


class Page:
    """A command, or a group of commands, as the help shows it."""

    __slots__ = ("closing", "commands", "examples", "name", "options", "parameters", "text")

    def __init__(
        self,
        name: str,
        *,
        text: tuple[str, ...],
        parameters: tuple[Parameter, ...],
        examples: tuple[str, ...] = (),
        commands: tuple[tuple[str, str], ...] = (),
        closing: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        """With the names of the groups that it is in: `coursectl auth login`."""
        self.text = text
        """Paragraphs."""
        self.parameters = parameters
        self.examples = examples
        """Lines that are shown as they are."""
        self.commands = commands
        """Of a group: the name of each, and what it does."""
        self.closing = closing
        """A heading and lines that are shown as they are, at the end."""
        self.options = {name: each for each in parameters for name in each.names}

    @property
    def arguments(self) -> tuple[Parameter, ...]:
        """The parameters that are told by their place."""
        return tuple(each for each in self.parameters if not each.names)


class Position:
    """How far a command line is understood, word by word, as the parser will understand it."""

    def __init__(self, pages: dict[str, Page]) -> None:
        self.page = pages[PROGRAM]
        self.awaiting: Parameter | None = None
        """The option whose value comes next."""
        self.given: set[Parameter] = set()
        """The options that this command was given."""
        self.arguments = 0
        """How many arguments it was given."""
        self.takes_options = True
        """Whether what begins with a hyphen is an option."""
        self.asks_for_help = False
        self.is_understood = True
        """Whether there is nothing that the parser may refuse before it gives help."""
        self._pages = pages

    def take(self, words: Iterable[str]) -> None:
        """Understand some words more."""
        for word in words:
            self._take(word)

    def _take(self, word: str) -> None:
        if self.awaiting is not None:
            self.awaiting = None
        elif self.takes_options and word == "--":
            self.takes_options = False
        elif self.takes_options and word.startswith("--"):
            self._take_long(word)
        elif self.takes_options and word.startswith("-") and word != "-":
            self._take_short(word)
        elif self.page.commands:
            self._take_command(word)
        else:
            self.arguments += 1

    def _take_long(self, word: str) -> None:
        name, equals, _ = word.partition("=")
        option = self._option(name)
        if option is None or (equals and not option.metavar):
            self.is_understood = False
        elif option.metavar and not equals:
            self.awaiting = option

    def _take_short(self, word: str) -> None:
        for place, letter in enumerate(word[1:], start=2):
            option = self._option(f"-{letter}")
            if option is None:
                self.is_understood = False
                return
            if option.metavar:
                self.awaiting = None if word[place:] else option
                return

    def _option(self, name: str) -> Parameter | None:
        option = self.page.options.get(name)
        if option is not None:
            if option in self.given and option.metavar and not option.is_repeatable:
                self.is_understood = False
            self.given.add(option)
            self.asks_for_help = self.asks_for_help or name in HELP
        return option

    def _take_command(self, word: str) -> None:
        page = self._pages.get(f"{self.page.name} {word}")
        if page is None or self.asks_for_help:
            self.is_understood = False
            return
        self.page = page
        self.given = set()
        self.takes_options = True
