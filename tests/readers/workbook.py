"""Reads a workbook as other programs do, and holds it against the list in Parquet. Usage: workbook.py RUN_FOLDER"""
import decimal
import pathlib
import struct
import sys

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl.utils.escape import unescape

run = pathlib.Path(sys.argv[1])
book = openpyxl.load_workbook(run / "at_risk.xlsx")
table = pq.ParquetFile(run / "at_risk.parquet").read()
sheet = book["List"]
head = [cell.value for cell in sheet[1]]
assert head[: table.num_columns] == table.column_names, head
assert sheet.max_row == table.num_rows + 1, (sheet.max_row, table.num_rows)
assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref, (sheet.freeze_panes, sheet.auto_filter.ref)

for column, name in enumerate(table.column_names, 1):
    values = table.column(name).to_pylist()
    fits = all(len(value.as_tuple().digits) <= 15 for value in values if isinstance(value, decimal.Decimal))
    for row, value in enumerate(values, 2):
        found = sheet.cell(row, column).value
        # What XML cannot hold, such as a NUL, is written in hexadecimal.
        found = unescape(found) if isinstance(found, str) else found
        if value is None or value == "":
            assert found is None, (name, row, value, found)
        elif name == "customer_id":
            assert sheet.cell(row, column).data_type == "s" and found == str(value), (row, value, found)
        elif name in ("as_of", "action_due"):
            assert found.date().isoformat() == str(value)[:10], (name, row, value, found)
        elif isinstance(value, float):
            same = found == value or pa.types.is_float32(table.column(name).type) and struct.pack("f", found) == struct.pack("f", value)
            assert same, (name, row, value, found)
        elif isinstance(value, int):
            assert found == value, (name, row, value, found)
        elif isinstance(value, decimal.Decimal):
            # Numbers, if a spreadsheet keeps the digits of all of them.
            expected = float(value) if fits else str(value)
            assert found == expected, (name, row, value, found)
        else:
            # A text is a text and no formula, whatever it begins with.
            assert sheet.cell(row, column).data_type == "s", (name, row, value)
            assert found == str(value) or len(str(value)) > 32767, (name, row, value, found)

assert [cell.value for cell in book["Columns"]["A"]][1:] == table.column_names
assert all(cell.value and "](" not in cell.value for cell in book["Columns"]["B"])
if "Last runs" in book.sheetnames:
    history = book["Last runs"]
    days = [cell.value for cell in history[1]][1:]
    assert days[-1] == str(table.column("as_of")[0].as_py()), days
    risks = table.column("churn_probability").to_pylist()
    for row, risk in enumerate(risks, 2):
        assert history.cell(row, len(days) + 1).value == risk, (row, risk)
print(f"{table.num_rows} rows in {book.sheetnames}")
