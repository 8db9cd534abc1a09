"""Companies side by side on one basis: exposure per sales, price move, what they said and did."""

from tariffimpact.companies.comparison import CompanyComparison, CompanyProfile, compare, profile
from tariffimpact.companies.exposures import ExposureShare, exposure_share
from tariffimpact.companies.responses import FIRST_TARIFF, HOME_MARKET, classify

__all__ = [
    "FIRST_TARIFF",
    "HOME_MARKET",
    "CompanyComparison",
    "CompanyProfile",
    "ExposureShare",
    "classify",
    "compare",
    "exposure_share",
    "profile",
]
