# SPDX-License-Identifier: Apache-2.0
"""Break-glass: use at once, agreed by two people, looked at afterwards."""
