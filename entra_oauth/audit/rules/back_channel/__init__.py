"""Rules about the back channel: the token request, the app's proof, the answer."""
