"""The linter: a recording of an OAuth exchange judged, rule by rule, each with its source."""

from entra_oauth.audit.case import Case, case_of, case_of_evidence
from entra_oauth.audit.lint import Judged, Report, findings_of, lint

__all__ = ["Case", "Judged", "Report", "case_of", "case_of_evidence", "findings_of", "lint"]
