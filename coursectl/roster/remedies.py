"""What to do about data that is not valid, where it is a file that holds them."""

SAVE_AGAIN = "The file is damaged or cut off: save it again."

SAVE_A_ROSTER = "The file is damaged or not a roster: save it again."

SAVE_AS_UTF_8 = "Save the export as UTF-8."

NAME_A_ROSTER = (
    "A roster is a page of the API, a list of members, NDJSON or an export by coursectl."
)

CORRECT_ROWS = "Correct them, or leave them out with --skip-invalid."

NO_ROSTER = "No roster is like that: check what it is, and save it again."
"""What to do about more than any roster has."""

OF_FILES = frozenset(
    {NO_ROSTER, SAVE_AGAIN, SAVE_A_ROSTER, SAVE_AS_UTF_8, NAME_A_ROSTER, CORRECT_ROWS}
)
"""All of these. Whoever reads answers of a server says something else."""
