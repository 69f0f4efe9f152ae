# SPDX-License-Identifier: Apache-2.0
"""The frame of pages and the pieces they are made of."""
