"""HTML pages: templates, plots and elements that several pages share."""
