"""Everything that is wrong with one refused document, so that a person can mend it in one go. Pure."""

from __future__ import annotations

from creditchain.batch.accepting.rules import Rules, kind_faults, plausibility_faults
from creditchain.documents import JsonObject, envelope_faults, read_json
from creditchain.errors import CreditchainError, InputError
from creditchain.products.explaining import explain


def text_faults(raw: bytes, rules: Rules, refusal: InputError) -> list[CreditchainError]:
    """Every fault of a text that was refused with `refusal`; that one alone where the text is not readable JSON."""
    try:
        value, _ = read_json(raw)
    except InputError:
        return [refusal]
    found = value_faults(value, rules)
    told = {_field(error) for error in found}
    return found if _field(refusal) in told else [refusal, *found]


def value_faults(value: JsonObject, rules: Rules) -> list[CreditchainError]:
    """Every fault of an object, the envelope's first. The data of another product are not judged."""
    faults: list[CreditchainError] = list(envelope_faults(value))
    faults += kind_faults(value, rules)
    told = {_top(_field(error)) for error in faults}
    if "product" in told:
        return faults
    for error in map(explain, rules.product.validator().iter_errors(value)):
        # The schema repeats, in worse words, what the checks of the envelope have said.
        if _top(_field(error)) not in told:
            faults.append(error)
    fields = {_field(error) for error in faults}
    faults += [error for error in plausibility_faults(value, rules) if _field(error) not in fields]
    return faults


def _field(error: CreditchainError) -> str:
    return (error.place.field if error.place is not None else None) or ""


def _top(field: str) -> str:
    return field.partition(".")[0]
