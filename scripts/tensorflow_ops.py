# SPDX-License-Identifier: Apache-2.0
"""Write the list of operations a TensorFlow release registers.

Run it in an environment of its own that has ``tensorflow-cpu``; Steelyard itself never imports it::

    python scripts/tensorflow_ops.py > src/steelyard/scanning/rules/tensorflow_ops.txt
"""

from __future__ import annotations

import sys


def main() -> None:
    """Print the header and the sorted names."""
    import tensorflow  # type: ignore[import-untyped]
    from tensorflow.core.framework import op_def_pb2  # type: ignore[import-untyped]
    from tensorflow.python.client import pywrap_tf_session  # type: ignore[import-untyped]

    registry = op_def_pb2.OpList()
    registry.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    release = tensorflow.__version__
    sys.stdout.writelines(
        f"# {line}\n"
        for line in (
            f"Operations TensorFlow registers: the op registry of tensorflow-cpu {release},",
            "written by scripts/tensorflow_ops.py. What an operation may do is judged",
            "by tensorflow_judged.toml; an operation in neither file needs a library of its own.",
        )
    )
    sys.stdout.writelines(f"{name}\n" for name in sorted(item.name for item in registry.op))


if __name__ == "__main__":
    main()
