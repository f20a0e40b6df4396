"""Lab 15: device code phishing. Alice signs Mallory in."""
