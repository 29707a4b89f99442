"""Entries, matches and import results as text."""

from platewire.access import ListMatch
from platewire.lists.entry import ListEntry
from platewire.lists.file_import import Preview


def line_of(entry: ListEntry) -> str:
    span = f"{entry.valid_from}..{entry.valid_to}" if entry.valid_from or entry.valid_to else ""
    card = " ".join(filter(None, (entry.card_facility, entry.card_number)))
    bits = f"card {card} ({entry.card_bits} bits)" if entry.card_bits else ""
    what = (entry.cameras, entry.holder, entry.note, entry.group, bits)
    rest = (span, entry.weekdays, entry.hours, *what)
    return f"{entry.plate:<12} " + "  ".join(filter(None, rest))


def described(each: ListMatch) -> str:
    hit = each.hit
    said = f"no match now: {each.refusal}" if each.refusal else "matches now"
    return f"{hit.name} ({hit.kind}): {hit.entry}, {hit.mode}; {said}"


def words(preview: Preview) -> str:
    """What would become of the file, or what has."""
    done = "" if preview.applied else "would be "
    lines = [
        f"row {row.row}: {row.field or 'row'} {row.value!r}: {row.reason}; {row.remedy}"
        for row in preview.rejected_rows
    ]
    if preview.rejected > len(lines):
        lines.append(f"and {preview.rejected - len(lines)} more; write all with --rejected FILE")
    if preview.skipped:
        lines.append(f"ignored columns: {', '.join(preview.skipped)}")
    lines += [f"assumed: {said}" for said in preview.assumed]
    source = f"sheet {preview.sheet}" if preview.sheet else preview.encoding
    lines.append(
        f"{preview.rows} rows ({source}), {preview.rejected} rejected; on "
        f"{preview.list} {preview.added} {done}added, {preview.changed} {done}changed, "
        f"{preview.removed} {done}removed, {preview.same} unchanged"
    )
    lines += [f"decision needed: {question}" for question in preview.questions]
    if not preview.applied:
        lines.append(
            "nothing has been changed yet"
            + ("" if preview.questions else "; import the valid rows with --apply")
        )
    return "\n".join(lines)
