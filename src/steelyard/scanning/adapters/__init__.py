# SPDX-License-Identifier: Apache-2.0
"""Plug-ins that are shipped: other scanners, used as libraries behind the walls of the sandbox.

Each needs its own package (``pip install 'steelyard[scanners]'``) and takes part only if it is
named with the version of that package. They go through the same door as everybody else's.
"""
