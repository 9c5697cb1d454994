"""Published and mock truths: bar lengths, grades and votes measured by others."""
