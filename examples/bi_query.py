"""A report from platewire's database, as a BI tool would ask for it.

Passages, different plates and mean confidence per hour, country and direction, in one SQL query
over the view `anpr_passage`. `--csv` gives what Power BI or Excel import; both can also open the
SQLite file themselves (through ODBC) and send the same query.

    python examples/bi_query.py platewire-data/platewire.db
    python examples/bi_query.py platewire-data/platewire.db --csv > report.csv
"""

import argparse
import csv
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

REPORT = """
    SELECT strftime('%Y-%m-%d %H:00', first_seen_at) AS hour,
           coalesce(country, '??') AS country,
           direction,
           count(*) AS passages,
           count(DISTINCT plate) AS plates,
           round(avg(plate_confidence), 3) AS confidence
      FROM anpr_passage
     WHERE NOT test
     GROUP BY hour, country, direction
     ORDER BY hour, passages DESC, country, direction
"""


def main() -> int:
    options = arguments()
    try:
        uri = f"{options.database.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
            cursor = connection.execute(REPORT)
            rows = cursor.fetchall()
    except sqlite3.Error as error:
        print(f"{options.database}: {error}; is it platewire's database?", file=sys.stderr)
        return 1
    names = [column[0] for column in cursor.description]
    if options.csv:
        csv.writer(sys.stdout).writerows([names, *rows])
    else:
        for row in (names, *rows):
            print("{:17} {:8} {:10} {:>8} {:>7} {:>10}".format(*row))
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("database", type=Path)
    parser.add_argument("--csv", action="store_true", help="comma-separated values")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
