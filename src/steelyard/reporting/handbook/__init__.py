# SPDX-License-Identifier: Apache-2.0
"""The handbook: a charter as a book for the people who work by it.

``book`` gathers what a charter says into plain data, chapter by chapter; ``render`` makes one HTML
page of it that needs nothing else and prints on A4.
"""
