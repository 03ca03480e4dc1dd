"""Check digits and forms that tell a real number from digits that look like one."""

from __future__ import annotations

import ipaddress
import re
from datetime import date

from ta_pipeline.text.wordlists import word_set

#: Weights and check digits of an identity number (GB 11643-1999, ISO 7064 MOD 11-2).
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
#: First two digits of an identity number: provinces (GB/T 2260).
_PROVINCES = word_set(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
)


def is_identity_number(text: str) -> bool:
    """Tell whether 18 characters have a province, a real birthday and the right check character."""
    digits = re.sub(r"[\s-]", "", text).upper()
    if len(digits) != 18 or digits[:2] not in _PROVINCES or not _is_date(digits[6:14]):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS))
    return digits[17] == _ID_CHECK[total % 11]


def passes_luhn(digits: str) -> bool:
    """Tell whether the last digit of a card number is the one that Luhn's sum asks for (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0 and len(set(digits)) > 1


def is_machine_address(text: str) -> bool:
    """Tell whether a text is an IP address that one machine may have: no loopback, no mask, no network."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified:
        return False
    return address.version == 6 or not (str(address).startswith("255.") or str(address).startswith("0."))


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return 1880 <= int(digits[:4]) <= 2099
