"""Every format that people own: a sample of each, what becomes of it, and the README's tables of them."""
