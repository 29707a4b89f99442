"""Files of plates from users -> rows of text by field, with all assumptions.

kinds       type of a file: text, a workbook, or another type, which is rejected by name
encodings   code page of a text file that does not state it
delimited   text -> records, by Python's csv reader
workbook    XLSX -> records, by openpyxl
headings    columns -> fields, and unknown columns
dates       days and times as in spreadsheets -> the form of an entry
survey      reads the whole file: assumptions, and questions to the user
rows        records -> the fields of entries
writing     entries -> CSV and XLSX
"""
