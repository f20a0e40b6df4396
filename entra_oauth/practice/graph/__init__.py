"""Microsoft Graph in small: the person, the organisation, the sign-ins."""
