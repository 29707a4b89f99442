"""Files of plates as people have them -> rows of text by field, with everything that was assumed.

kinds       what a file is: text, a workbook, or something that is named and refused
encodings   which code page a text is written in, where it does not say so itself
delimited   text -> records, by Python's csv reader
workbook    XLSX -> records, by openpyxl
headings    which column is which field, and which ones nobody knows
dates       days and times as spreadsheets write them -> the spelling of an entry
survey      the whole file looked through: what it means, and what has to be asked
rows        records -> the fields of entries
writing     entries -> CSV
"""
