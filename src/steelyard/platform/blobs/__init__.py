# SPDX-License-Identifier: Apache-2.0
"""Files by digest: models, papers and evidence, on a local disk or in an S3-compatible store."""
