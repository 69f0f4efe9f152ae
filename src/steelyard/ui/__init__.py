# SPDX-License-Identifier: Apache-2.0
"""The web application: pages for people, by the same services as the API.

One folder for each room, with its pages (``view.py``) and its templates beside them. Pages read
through queries and change through services; what may be done is decided behind them, never here.
Every page works without a script, for reading and for submitting.
"""
