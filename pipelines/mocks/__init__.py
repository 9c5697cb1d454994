"""`ansae mocks`: galaxies whose bars are known, drawn or laid into real images."""
