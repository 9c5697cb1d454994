"""Truth: known bar lengths, grades and votes, published or of mock galaxies."""
