"""The answer pasted by the person, alone or beside the listener."""
