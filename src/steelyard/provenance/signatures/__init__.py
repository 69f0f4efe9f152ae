# SPDX-License-Identifier: Apache-2.0
"""Signatures over models (OpenSSF Model Signing) and in-toto attestations about them.

Everything here is read as hostile: bounded before it is parsed, verified before it is believed.
``reading`` → ``envelope`` → ``bundle`` and ``statement`` turn bytes into structs; ``keys``,
``certificates`` and ``keyless`` say whether a signature fits and who stands behind it; ``oms``
compares what was signed with a manifest; ``model`` and ``attestation`` put it together.
"""
