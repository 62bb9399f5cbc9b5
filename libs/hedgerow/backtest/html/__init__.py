"""The backtest's report as one HTML file that asks nobody for anything: tables, and charts drawn as inline SVG."""
