"""Rules about the tokens themselves: claims and signatures."""
