"""gunicorn with one planted fault: python -m tests.faults.mutant_server MUTANT ARGUMENTS…"""

import sys

from tests.faults.mutants import plant

if __name__ == "__main__":
    plant(sys.argv.pop(1))
    from gunicorn.app.wsgiapp import run

    run("gunicorn")
