"""Is the service well? For the container's health check: exits with 1 if /healthz does not say so."""

import sys
import urllib.error
import urllib.request

try:
    with urllib.request.urlopen("http://127.0.0.1:9108/healthz", timeout=8) as answer:
        sys.stdout.write(answer.read().decode())
except (urllib.error.URLError, OSError) as error:
    sys.exit(f"not well: {error}")
