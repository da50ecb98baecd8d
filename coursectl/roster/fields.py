"""The documented fields of a member and of a course, by the API's own names.

Mirrors the rows of *Course User Dashboard*, `GET /api/v2/course/{id}/users/`, and the course of
`GET /api/v2/course/{id}/`.
"""

from typing import Any

EXPECTED = {
    "id": "a whole number, 0 or more",
    "username": "text of at most 255 characters, or null",
    "real_name": "text of at most 255 characters, or null",
    "avatar": "text of at most 65,536 characters, or null",
    "join_status": "text of at most 255 characters, or null",
    "user_completion_rate": "a number from 0 to 100, or null",
    "last_active_at": "an ISO 8601 date-time, or null",
    "joined_at": "an ISO 8601 date-time, or null",
}
"""What each field must hold, in the words of an error message."""

FIELDS = tuple(EXPECTED)
"""The documented fields, in the documented order."""

Cells = tuple[Any, ...]
"""What these hold of one member, in this order."""

EXPECTED_OF_COURSE = {
    "id": "a whole number, 0 or more",
    "name": "text, or null",
    "slug": "text, or null",
    "type": "text, or null",
    "privacy": "text, or null",
    "join_status": "text, or null",
    "created_at": "an ISO 8601 date-time, or null",
}
