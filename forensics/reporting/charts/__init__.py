"""Draw charts as inline SVG; colours and type come from `chart.css`, so that they follow light and dark mode."""
