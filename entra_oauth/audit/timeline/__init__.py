"""Recording, browser and Entra's sign-in log in one list, and what it says of a code."""
