# SPDX-License-Identifier: Apache-2.0
"""Lives with findings: what is known from a baseline and what somebody took responsibility for.

Pure: reports, texts and a date in, dispositions out. Nothing here can make an unexamined file look
examined, and a critical finding counts again as soon as the file's bytes change.
"""
