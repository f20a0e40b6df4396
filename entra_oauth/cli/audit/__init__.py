"""The audit verbs: recordings and HAR files read, judged, compared, sealed."""
