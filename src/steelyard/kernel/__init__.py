# SPDX-License-Identifier: Apache-2.0
"""The ground floor: the words every other room speaks.

Digests, manifests, findings, coverage, licenses, cards, use cases, assessments, errors and
limits. Nothing here reads a file, opens a socket, asks the time or imports another room; the
only third-party import allowed is ``msgspec``, which gives the frozen types their JSON form.
"""
