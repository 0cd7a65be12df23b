"""Charts as inline SVG. Colours and type come from `chart.css`, so that they follow light and dark."""
