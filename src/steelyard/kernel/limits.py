# SPDX-License-Identifier: Apache-2.0
"""Every hard limit in one documented place. Reaching one is a finding, never a clean result.

Sizes are bytes, times are seconds. Readers of hostile bytes take a :class:`Limits` and must stop
at it: memory stays bounded whatever the size of the file.
"""

from __future__ import annotations

from msgspec import Struct

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class Limits(Struct, frozen=True, kw_only=True):
    """Limits of one inspection."""

    chunk: int = MIB
    """Bytes read at a time when hashing or streaming."""
    tree_files: int = 100_000
    """Files in one model directory."""
    tree_depth: int = 64
    """Directories inside directories."""
    path_length: int = 4096
    """Bytes of one relative path."""
    safetensors_header: int = 100 * MIB
    """Header bytes of a safetensors file (the format's own published maximum)."""
    safetensors_tensors: int = 1_000_000
    """Tensors named in one safetensors header."""
    json_bytes: int = 64 * MIB
    """Bytes of a JSON document (tokenizers reach tens of megabytes)."""
    json_depth: int = 256
    """Nesting of arrays and objects in a JSON document."""
    yaml_bytes: int = 512 * KIB
    """Bytes of a YAML document that are parsed, front matter included; longer YAML is searched."""
    text_bytes: int = 16 * MIB
    """Bytes of a text file that text rules look at."""
    python_bytes: int = 4 * MIB
    """Bytes of Python source that are parsed; a syntax tree takes a hundredfold of memory."""
    pickle_opcodes: int = 120_000_000
    """Opcodes executed abstractly in one pickle stream."""
    pickle_streams: int = 10_000
    """Pickle streams after one another in one file."""
    pickle_memo: int = 20_000_000
    """Memo entries of one pickle stream."""
    pickle_depth: int = 100_000
    """Open marks on the abstract stack."""
    pickle_string: int = 64 * KIB
    """Longest string the abstract interpreter keeps; longer ones become opaque."""
    archive_members: int = 100_000
    """Members of one archive."""
    archive_depth: int = 4
    """Archives inside archives."""
    archive_ratio: int = 200
    """Expanded bytes per stored byte, above `archive_free` expanded bytes."""
    archive_free: int = 64 * MIB
    """Expanded bytes that are allowed whatever the ratio."""
    archive_expanded: int = 64 * GIB
    """Expanded bytes of one archive in total."""
    member_memory: int = 64 * MIB
    """Bytes of one archive member that may be held in memory at once."""
    protobuf_depth: int = 64
    """Nesting of protobuf messages."""
    protobuf_fields: int = 20_000_000
    """Fields read in one protobuf document."""
    hdf5_blocks: int = 2_000_000
    """Blocks read in one HDF5 file."""
    gguf_entries: int = 1_000_000
    """Metadata entries or tensors of a GGUF file."""
    gguf_string: int = 16 * MIB
    """Bytes of one GGUF string."""
    findings_per_file: int = 200
    """Findings kept for one file; the rest is counted in one last finding."""
    wall_seconds: float = 3600.0
    """Wall time of one sandbox run; the parent kills it after that."""
    file_seconds: float = 300.0
    """Wall time one file may take without a sign of progress, plus one second for every 32 MiB of
    its size; the parent then kills the process that examines it."""
    restarts: int = 16
    """Sandbox processes that may die over a file in one run; then the rest is not examined."""
    cpu_seconds: int = 3600
    """CPU time of one sandbox process (rlimit)."""
    memory_bytes: int = 4 * GIB
    """Address space of one sandbox process (rlimit)."""
    reply_bytes: int = 256 * MIB
    """Bytes of the sandbox's JSON reply the parent is willing to read."""


DEFAULT_LIMITS = Limits()
