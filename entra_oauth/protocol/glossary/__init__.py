"""One glossary: parameters, claims, error words and numbers."""
