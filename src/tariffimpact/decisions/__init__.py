"""What to do about a tariff, and who keeps the money: recovery, refund, stock, timing, sourcing.

Each module answers one question with functions of plain numbers and one result: `recovery` what a
price rise brings back of a disclosed exposure, `refund` who holds the money when a tariff falls,
`stock` how long goods at the old duty last, `timing` cost, price and margin by month, `sourcing`
what a unit costs by origin and how soon a switch pays.
"""
