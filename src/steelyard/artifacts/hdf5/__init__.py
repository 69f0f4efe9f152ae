# SPDX-License-Identifier: Apache-2.0
"""Reads the structure of HDF5 files: groups, datasets, attributes, and what leads to other files.

The bytes of arrays are never read, nothing is decompressed, and no numeric library is needed. Begin
with :func:`steelyard.artifacts.hdf5.reader.read_hdf5`.
"""
