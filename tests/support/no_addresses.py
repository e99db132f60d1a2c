"""What ``suite.project`` does before papermill is imported, for the fork server: see there."""

import sys

sys.modules.setdefault("rfc3987_syntax", None)
