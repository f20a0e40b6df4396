"""Files of other programs: what each kind holds, read as exchanges."""
