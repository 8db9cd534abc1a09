"""Accounts of two commodities in plain text."""

SMALL = {
    "accounts.toml": 'country = "XAA"\nyear = 2020\ncredit = "A statistical office"\n'
    'requirements = "input"\n',
    "commodities.csv": "commodity,name,supply,imports,currency,requirements_total\n"
    "steel,Steel,100,50,USD,0.2\ncar,Cars,200,20,USD,0.4\n",
    "requirements.csv": "input,output,coefficient\nsteel,steel,0.2\nsteel,car,0.3\ncar,car,0.1\n",
    "categories.csv": "category,name,core_goods\nnew-cars,New cars,true\n",
    "bridge.csv": "category,commodity,producers_value,transport,wholesale,retail,"
    "purchasers_value,currency\nnew-cars,car,60000000,10000000,10000000,20000000,100000000,USD\n",
    "codes.csv": "code,commodity\n72,steel\n8703,car\n",
    "mapping.csv": "code,commodity,share,reason\n8701,car,1,made of 8703 in 2022\n"
    "9999,,1,special provisions\n",
    "receipts.csv": "month,code,imports,duty,currency\n2025-01,72,100,10,USD\n"
    "2025-01,8703,100,2,USD\n2025-02,72,100,60,USD\n2025-02,8703,100,27,USD\n",
    "rates.csv": "commodity,change,authority\nsteel,10%..0.25,Section 232\n*,0,\n",
}  # fmt: skip
