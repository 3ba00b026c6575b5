"""Meetings and what happened in them, in the DynamoDB table ``PARLEY_MEETINGS_TABLE``.

The table (``infra/data.yaml``): partition key ``pk`` (S), sort key ``sk`` (S); one index ``gsi1`` with ``gsi1pk`` (S)
and ``gsi1sk`` (S), all attributes projected; time to live in ``expires_at`` (N, seconds since the epoch); billed by
request; point-in-time recovery.

| Item       | pk               | sk                              | gsi1pk          | gsi1sk                |
|------------|------------------|---------------------------------|-----------------|-----------------------|
| Meeting    | ``MEETING#<id>`` | MEETING                         | ``HOST#<user>`` | ``<created_at>#<id>`` |
| Attendance | ``MEETING#<id>`` | ``ATTENDANCE#<participant id>`` |                 |                       |
| Chat       | ``MEETING#<id>`` | ``CHAT#<version, 12 digits>``   |                 |                       |

Access patterns:
1. Create: put, only if the id is free. Read, join: get by id. Change, end: one conditional update.
2. Meetings of a host, newest first, by pages: query ``gsi1`` backwards.
3. Facts: one update for each meeting and each participant of a batch, puts for chat (`meetings_service.domain.record`).
4. Attendance and chat of a meeting: query ``pk`` with the prefix of ``sk``.
"""
