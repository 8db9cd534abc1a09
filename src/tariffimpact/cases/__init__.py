"""Cases: a company, its products and a tariff, read from a TOML file and answered.

`read_case("sony-ps5")` reads a shipped case, `read_case("my.toml")` one's own. Any number in it may
be a number, an interval or a distribution, or the id of a row of the data.
"""

from tariffimpact.cases.case import Case
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.question import Question
from tariffimpact.cases.reader import case_of, read_case, shipped_cases
from tariffimpact.cases.schema import CaseFile

__all__ = ["Case", "CaseFile", "CaseProduct", "Question", "case_of", "read_case", "shipped_cases"]
