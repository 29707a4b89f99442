import sys

from platewire.cli.main import main

sys.exit(main())
