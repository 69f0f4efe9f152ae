# SPDX-License-Identifier: Apache-2.0
"""Looks at the numbers themselves: what no structure shows.

Everything here streams tensors in blocks and works on whole blocks with byte slices, big integers
and digests, so it needs no numeric library and runs at the speed of the interpreter's C loops. What
it says are signals with limits: a payload that is encrypted or scattered looks like noise.
"""
