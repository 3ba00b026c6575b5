"""Accounts and sessions in the DynamoDB table ``PARLEY_AUTH_TABLE``.

The table (``infra/data.yaml``): partition key ``pk`` (S), sort key ``sk`` (S); one index ``gsi1`` with ``gsi1pk`` (S) and
``gsi1sk`` (S), all attributes projected; time to live in ``expires_at`` (N, seconds since the epoch); billed by request;
point-in-time recovery.

| Item    | pk                | sk        | gsi1pk          | gsi1sk                    | expires_at |
|---------|-------------------|-----------|-----------------|---------------------------|------------|
| Account | ``USER#<id>``     | ACCOUNT   |                 |                           |            |
| Address | ``EMAIL#<e-mail>``| ADDRESS   |                 |                           |            |
| Session | ``SESSION#<sid>`` | SESSION   | ``USER#<id>``   | ``SESSION#<created_at>``  | yes        |

Access patterns:
1. Register: one transaction puts account and address, each only if its key is free.
2. Log in: get the address by e-mail, then the account by id.
3. Who is this (``/me``): get the account by id.
4. Open a session: put. Refresh: get by sid, then one conditional update. End: one update.
5. Sessions of a user, newest first: query ``gsi1``.
"""
