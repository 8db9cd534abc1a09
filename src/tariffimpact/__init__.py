"""From a tariff to the shelf price, the margin and the profit of named companies and products."""
