# SPDX-License-Identifier: Apache-2.0
"""The HTTP door, ``/api/v1``. A route names a right, reads words, calls a room, writes the answer.

Errors are RFC 9457 problems with the codes of the house. Writes honor ``Idempotency-Key``; rows
with a version answer with an ``ETag`` and are changed only with ``If-Match``.
"""
