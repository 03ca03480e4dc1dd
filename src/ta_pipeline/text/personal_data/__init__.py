"""Find personal data by kind: numbers, contacts, addresses. Names are found in `person_names`."""
