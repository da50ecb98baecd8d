"""What the figures mean: said here once, for summaries, trends, reports and the README."""

DEFINITIONS = (
    (
        "Counted",
        "Completion, activity and joins count the members whose status is joined, or, with"
        " --status, those of the statuses named there. Creators and managers run a course, and the"
        " invited and those who asked to join have not begun it: only the count by status counts"
        " them.",
    ),
    (
        "Completion",
        "The mean, the median and the quartiles are of user_completion_rate, of the counted"
        " members who have one; who has none counts in none of them. Quartiles lie between two"
        " members where they fall there, in proportion. A tenth includes its lower end and not its"
        " upper one; the last includes 100 %, and a page tells who is at 100 % apart from who is at"
        " 90 to under 100 %. To one decimal place, halves go up; what is more than 0 is never told"
        " as 0, and what is less than 100 never as 100.",
    ),
    (
        "Active",
        "A member is active when they complete a lesson (last_active_at), not when they log in."
        " Active in 30 days means since 30 times 24 hours before the moment that ages are"
        " measured from, that moment included: when the roster was fetched, or what --as-of names."
        " A page tells each member once: active within 7 days, 8 to 30 days ago, 31 to 90 days"
        " ago, longer ago, or never, which is who never completed a lesson. A roster tells the"
        " last lesson only: with an --as-of before it, when a member was active is not known.",
    ),
    (
        "Joins",
        "A week begins on Monday, 00:00 UTC, and counts the counted members who joined in it. Who"
        " has no joined_at has not joined, and is in no week. The last week is not over, and"
        " marked.",
    ),
    (
        "Needs a nudge",
        "The status is joined, the completion rate is under 100 %, and both joining and the last"
        " lesson, if there was one, are at least 30 days ago, or the time that --inactive names."
        " Who was silent longest comes first, counted from the last lesson, or else from joining."
        " Nearly done is who is at 80 % and more; of the others, never began is who never completed"
        " a lesson, and stalled is who did. Who has no completion rate is not among them. In a"
        " course that opens over time, who has done all that is open needs no nudge, but no roster"
        " tells who that is.",
    ),
)
"""Terms and what they mean."""

CHANGES = (
    (
        "Joined",
        "A member now, which is joined, manager or creator, and none in the first roster: not in"
        " it, or invited, or waiting.",
    ),
    (
        "Left",
        "A member in the first roster and none any more: gone, or in the second with another"
        " status.",
    ),
    ("Invited", "The status is invited, and was not."),
    ("Requested", "The status is requested (asked to join), and was not."),
    (
        "Withdrawn",
        "Invited or requested in the first roster, and now not in it or without a status.",
    ),
    (
        "Moved",
        "The status is another one in any other way: from member to manager, or to and from a"
        " status that is none of these. No status is as good as not there.",
    ),
    (
        "Progressed",
        "The completion rate rose, by a billionth of a point at least, or there is one where there"
        " was none and they did not just join. The largest rise comes first.",
    ),
    (
        "Regressed",
        "The completion rate fell, as when a course got longer, or there is none any more and they"
        " did not just leave.",
    ),
    (
        "Completed",
        "At 100 % in the second roster, as a summary counts it: the status is joined. Not so in"
        " the first, or not in it at all.",
    ),
    (
        "Newly silent",
        "The status is joined and the completion rate under 100 %. When the second roster was"
        " fetched, 30 days, or the time that --inactive names, had passed since they joined and"
        " without a lesson; when the first was, they had not. Who was silent longest comes first,"
        " from the last lesson or else from joining.",
    ),
    (
        "Renamed",
        "The username or the name looks otherwise. No name, an empty one and one of blanks look"
        " alike, and so do composed and decomposed letters.",
    ),
)
"""Kinds of change between two rosters, in the order in which they are told, and what they mean."""
